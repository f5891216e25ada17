import { isApiKey } from '@facehash/facemodel';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const NO_ROUTE = '(none)';

/** Which methods each path takes: tells "no such address" from "not with this method". */
export class RouteTable {
  readonly #methods = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** Must be called before the routes are registered. */
  follow(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const known = this.#methods.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const each of [method].flat()) known.methods.add(each);
      this.#methods.set(url, known);
    });
  }

  /** Methods that the path of this request takes, sorted; none when there is nothing at this address. */
  methodsAt(request: FastifyRequest): readonly string[] {
    const path = request.url.split('?', 1)[0] ?? '';
    const first = decoded(path.split('/')[1] ?? '');
    const fitting = [...this.#methods.entries()].filter(
      ([url, { pattern }]) => pattern.test(path) && (!url.startsWith('/:apiKey') || isApiKey(first)),
    );
    return [...new Set(fitting.flatMap(([, { methods }]) => [...methods]))].sort();
  }
}

/** The template of a request's route as it stands in the documents: `/{apiKey}/train`. Says nothing of the path itself, which may hold a key. */
export function routeOf(request: FastifyRequest): string {
  return request.is404 ? NO_ROUTE : documented(request.routeOptions.url ?? NO_ROUTE);
}

function documented(template: string): string {
  return template.replace(/:(\w+)/g, '{$1}');
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}/?$`);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
