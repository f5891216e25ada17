import { backoffMs, type Random } from '@facehash/kernel';
import {
  IsomorphicFetchHttpLibrary,
  RequestContext,
  type HttpMethod,
  type KubeConfig,
  type ResponseContext,
} from '@kubernetes/client-node';
import { ApiError, apiErrorOf, hasApiCode } from './api-error.js';
import { DispatcherPool, type Dispatcher } from './dispatcher-pool.js';
import type { RuntimeMetrics } from './metrics.js';
import { within, type RuntimeClock } from './runtime-clock.js';
import { Throttle } from './throttle.js';

export interface ApiRequest {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The whole call, with waiting for its turn and with every try. */
  readonly deadlineMs?: number | undefined;
  /** Goes before all others: for the lease, which must not be lost because ten thousand calls wait. */
  readonly urgent?: boolean | undefined;
}

export interface TransportOptions {
  readonly kubeConfig: KubeConfig;
  readonly clock: RuntimeClock;
  readonly random: Random;
  readonly metrics: RuntimeMetrics;
  readonly userAgent: string;
  readonly deadlineMs: number;
  readonly qps: number;
  readonly burst: number;
  readonly concurrency: number;
  /** Told the `Date` of each answer, and how long after its question it came. */
  readonly onDate?: ((date: string, roundTripMs: number) => void) | undefined;
}

/** Tries of one call that the server itself asked to come again; after that it is the caller's queue that waits. */
const TRIES_MAX = 4;
const PAUSE = { firstMs: 50, maxMs: 2_000 };
const WAITING_MAX = 20_000;

/**
 * Single calls of the API server over one pool of connections, as raw JSON. Every failure is an `ApiError`; an abort by the caller rejects
 * with the reason of its signal.
 */
export class Transport {
  readonly #pool: DispatcherPool;
  readonly #throttle: Throttle;
  readonly #http = new IsomorphicFetchHttpLibrary();
  readonly #closed = new AbortController();

  constructor(private readonly options: TransportOptions) {
    this.#pool = new DispatcherPool(options.kubeConfig, options.deadlineMs);
    this.#throttle = new Throttle({ ...options, waitingMax: WAITING_MAX });
  }

  /** The parsed answer. @throws {ApiError} */
  async json(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    const text = await this.#timed(request, (limit) => this.#tries(request, limit), signal);
    try {
      return text === '' ? undefined : JSON.parse(text);
    } catch (cause) {
      throw new ApiError('unavailable', `${nameOf(request)} was answered with something that is no JSON`, {}, { cause });
    }
  }

  /**
   * The bytes of an answer that goes on until the signal aborts; the deadline is that of its beginning. Not counted as a call that is under
   * way, since it always is. @throws {ApiError}
   */
  async *stream(request: ApiRequest, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const both = AbortSignal.any([signal, this.#closed.signal]);
    const { response, dispatcher } = await this.#timed(request, (limit) => this.#send(request, AbortSignal.any([both, limit])), both);
    try {
      yield* response.body.stream() ?? [];
    } catch (cause) {
      this.#silent(both, dispatcher);
      this.#failed(request, both, cause);
    }
  }

  /** Calls that are under way are broken off. */
  async close(): Promise<void> {
    this.#closed.abort(new ApiError('unavailable', 'the client was closed'));
    await this.#pool.close();
  }

  async #timed<T>(request: ApiRequest, work: (limit: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#closed.signal.throwIfAborted();
    const ms = request.deadlineMs ?? this.options.deadlineMs;
    const reason = (): Error => new ApiError('unavailable', `${nameOf(request)} was not answered within ${ms} ms`);
    return within({ clock: this.options.clock, ms, reason }, work, signal);
  }

  async #tries(request: ApiRequest, limit: AbortSignal): Promise<string> {
    const { clock, random } = this.options;
    const once = async (): Promise<string> => this.#text(request, limit);
    const endAtMs = clock.monotonicMs() + (request.deadlineMs ?? this.options.deadlineMs);
    for (let tried = 1; ; tried++) {
      try {
        return request.urgent === true ? await once() : await this.#throttle.run(once, limit);
      } catch (error) {
        // A server that names a time has not done what was asked, whatever it was.
        const asked = hasApiCode(error, 'throttled', 'unavailable') ? error.retryAfterMs : undefined;
        const waitMs = asked === undefined ? Number.POSITIVE_INFINITY : asked + backoffMs(tried, PAUSE, random);
        if (tried === TRIES_MAX || clock.monotonicMs() + waitMs >= endAtMs) throw error;
        await clock.sleep(waitMs, limit);
      }
    }
  }

  async #text(request: ApiRequest, limit: AbortSignal): Promise<string> {
    const { response, dispatcher } = await this.#send(request, limit);
    return response.body.text().catch((cause: unknown) => {
      this.#silent(limit, dispatcher);
      return this.#failed(request, limit, cause);
    });
  }

  async #send(request: ApiRequest, limit: AbortSignal): Promise<{ response: ResponseContext; dispatcher: Dispatcher | undefined }> {
    this.#closed.signal.throwIfAborted();
    const context = await this.#context(request, limit);
    limit.throwIfAborted();
    const dispatcher = context.getDispatcher();
    let response: ResponseContext;
    const askedAtMs = this.options.clock.monotonicMs();
    try {
      response = await this.#http.send(context).toPromise();
    } catch (cause) {
      this.#silent(limit, dispatcher);
      // The pool was dropped in the moment in which it was given out: nothing was sent.
      if (!limit.aborted && isOf(cause, 'UND_ERR_CLOSED')) return this.#send(request, limit);
      this.#count(request, '<error>');
      return this.#failed(request, limit, cause);
    }
    this.#count(request, String(response.httpStatusCode));
    const { date } = response.headers;
    if (date !== undefined) this.options.onDate?.(date, this.options.clock.monotonicMs() - askedAtMs);
    if (response.httpStatusCode < 300) return { response, dispatcher };
    // What is refused may be a certificate that the server has seen for long enough.
    if (response.httpStatusCode === 401) this.#pool.drop(dispatcher);
    const body = await response.body.text().catch(() => '');
    throw apiErrorOf({
      call: nameOf(request),
      status: response.httpStatusCode,
      headers: response.headers,
      body,
      secret: request.path.includes('/secrets'),
    });
  }

  async #context({ method, path, query = {}, body, contentType }: ApiRequest, limit: AbortSignal): Promise<RequestContext> {
    const { kubeConfig, userAgent } = this.options;
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster === null) throw new ApiError('unavailable', 'the kubeconfig names no cluster');
    const context = new RequestContext(cluster.server.replace(/\/$/, '') + path, method);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) context.setQueryParam(name, value);
    context.setHeaderParam('Accept', 'application/json');
    context.setHeaderParam('User-Agent', userAgent);
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', contentType ?? 'application/json');
      context.setBody(JSON.stringify(body));
    }
    context.setSignal(limit);
    await kubeConfig.applySecurityAuthentication(context);
    return context;
  }

  /** An end by silence, and not by the caller's own change of mind, says that the connection may lead nowhere. */
  #silent(limit: AbortSignal, dispatcher: Dispatcher | undefined): void {
    if (limit.aborted && hasApiCode(limit.reason, 'unavailable')) this.#pool.drop(dispatcher);
  }

  #failed(request: ApiRequest, limit: AbortSignal, cause: unknown): never {
    if (limit.aborted) throw limit.reason;
    throw new ApiError('unavailable', `${nameOf(request)} was not answered: ${wordsOf(cause)}`, {}, { cause });
  }

  #count({ method }: ApiRequest, code: string): void {
    this.options.metrics.count('rest_client_requests_total', { code, method });
  }
}

/** Query strings hold selectors and tokens of pages: the path says enough. */
function nameOf({ method, path }: ApiRequest): string {
  return `${method} ${path}`;
}

function isOf(cause: unknown, code: string): boolean {
  return cause instanceof Error && cause.cause instanceof Error && 'code' in cause.cause && cause.cause.code === code;
}

/** `fetch failed` says nothing; its cause does. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
