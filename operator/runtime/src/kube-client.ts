import { systemRandom, type Random } from '@facehash/kernel';
import { HttpMethod, type KubeConfig } from '@kubernetes/client-node';
import { hasApiCode } from './api-error.js';
import { noRuntimeMetrics, type RuntimeMetrics } from './metrics.js';
import { parseList, parseObject, type KubeObject, type ObjectList, type ObjectRef } from './raw-object.js';
import { apiVersionOf, pathOf, placeOf, type Resource } from './resource.js';
import { systemRuntimeClock, type RuntimeClock } from './runtime-clock.js';
import { Transport } from './transport.js';
import { watchEvents, type WatchEvent } from './watch-events.js';

export interface KubeClientOptions {
  readonly kubeConfig: KubeConfig;
  /** Who owns the fields that are applied: one name for the whole program, for ever. */
  readonly fieldManager: string;
  readonly clock?: RuntimeClock;
  readonly random?: Random;
  readonly metrics?: RuntimeMetrics;
  /** Of a call that names none. */
  readonly deadlineMs?: number;
  readonly qps?: number;
  readonly burst?: number;
  readonly concurrency?: number;
  /** Told the `Date` of each answer, and how long after its question it came. */
  readonly onDate?: (date: string, roundTripMs: number) => void;
}

export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continueFrom?: string | undefined;
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** After which the server ends it. */
  readonly timeoutSeconds: number;
}

export interface CallOptions {
  readonly subresource?: 'status';
  readonly deadlineMs?: number;
  /** Goes before all that wait: only for what a lost second would end. */
  readonly urgent?: boolean;
}

export interface ApplyOptions extends CallOptions {
  /** Takes fields over that somebody else owns. Default: true, for what we apply we decide. */
  readonly force?: boolean;
  /** For a part of an object that somebody else of us applies another part of: what one leaves out, only that one gives up. */
  readonly fieldManager?: string;
}

export interface DeleteOptions extends CallOptions {
  /** Only this very object, and no later one of the same name. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

/** A patch with its strategy named: custom resources refuse the strategic one, which clients default to. */
export type Patch = { readonly strategy: 'merge'; readonly body: object } | { readonly strategy: 'json'; readonly body: readonly object[] };

const contentTypes = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' } as const;

/** Half of controller-runtime's clients are configured to this or more; the API server's own fairness does the rest. */
const defaults = { deadlineMs: 30_000, qps: 100, burst: 200, concurrency: 32 };

/**
 * The verbs of the API server for any resource. What is read is as the server sent it, without `managedFields`. Every method rejects with
 * an `ApiError`, or with the reason of the signal when the caller aborts.
 */
export class KubeClient {
  readonly fieldManager: string;
  readonly #transport: Transport;

  constructor({ fieldManager, clock = systemRuntimeClock, random = systemRandom, metrics = noRuntimeMetrics, ...rest }: KubeClientOptions) {
    this.fieldManager = fieldManager;
    this.#transport = new Transport({ ...defaults, ...rest, clock, random, metrics, userAgent: fieldManager });
  }

  /** Undefined where there is none: most who ask want to know just that. */
  async get(resource: Resource, ref: ObjectRef, options: CallOptions = {}, signal?: AbortSignal): Promise<KubeObject | undefined> {
    const path = pathOf(resource, { ...placeOf(resource, ref), subresource: options.subresource });
    try {
      return parseObject(await this.#transport.json({ ...options, method: HttpMethod.GET, path }, signal));
    } catch (error) {
      if (hasApiCode(error, 'notFound')) return undefined;
      throw error;
    }
  }

  /** One page; without a limit, all. */
  async list(resource: Resource, options: ListOptions = {}, signal?: AbortSignal): Promise<ObjectList> {
    const { limit, continueFrom } = options;
    const query = { ...queryOf(options), limit: limit?.toString(), continue: continueFrom };
    const path = pathOf(resource, { namespace: options.namespace });
    return parseList(await this.#transport.json({ method: HttpMethod.GET, path, query }, signal));
  }

  /** Ends when the server ends it; throws when it breaks. An event of kind `error` is the last one. */
  async *watch(resource: Resource, options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const path = pathOf(resource, { namespace: options.namespace });
    const query = {
      ...queryOf(options),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds.toString(),
    };
    yield* watchEvents(this.#transport.stream({ method: HttpMethod.GET, path, query }, signal), `WATCH ${path}`);
  }

  /** Rejects with `alreadyExists` where one of this name is: with names that say all, that is how a stale cache is found out. */
  async create(resource: Resource, object: KubeObject, options: CallOptions = {}, signal?: AbortSignal): Promise<KubeObject> {
    const { namespace } = placeOf(resource, object.metadata);
    const request = {
      ...options,
      method: HttpMethod.POST,
      path: pathOf(resource, { namespace }),
      query: this.#owner,
      body: typed(resource, object),
    };
    return parseObject(await this.#transport.json(request, signal));
  }

  /** The whole object; with a resourceVersion in it only if nobody changed it since. */
  replace(resource: Resource, object: KubeObject, options: CallOptions = {}, signal?: AbortSignal): Promise<KubeObject> {
    return this.#write(
      resource,
      object.metadata,
      { ...options, method: HttpMethod.PUT, query: this.#owner, body: typed(resource, object) },
      signal,
    );
  }

  /** Server-side apply: the named fields are ours and read so from now on; what we applied before and leave out now goes. */
  apply(
    resource: Resource,
    object: KubeObject,
    { force = true, fieldManager = this.fieldManager, ...options }: ApplyOptions = {},
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const query = { fieldManager, force: String(force) };
    const request = {
      ...options,
      method: HttpMethod.PATCH,
      query,
      contentType: 'application/apply-patch+yaml',
      body: typed(resource, object),
    };
    return this.#write(resource, object.metadata, request, signal);
  }

  patch(
    resource: Resource,
    ref: ObjectRef,
    { strategy, body, ...options }: Patch & CallOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const request = { ...options, method: HttpMethod.PATCH, query: this.#owner, contentType: contentTypes[strategy], body };
    return this.#write(resource, ref, request, signal);
  }

  /** False where there was none. Rejects with `conflict` where the object is not the one that the preconditions name. */
  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}, signal?: AbortSignal): Promise<boolean> {
    const { uid, resourceVersion, propagation = 'Background', deadlineMs } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      preconditions: { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    };
    try {
      await this.#transport.json({ method: HttpMethod.DELETE, path: pathOf(resource, placeOf(resource, ref)), body, deadlineMs }, signal);
      return true;
    } catch (error) {
      if (hasApiCode(error, 'notFound')) return false;
      throw error;
    }
  }

  /** Calls that are under way are broken off. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  get #owner(): { readonly fieldManager: string } {
    return { fieldManager: this.fieldManager };
  }

  async #write(resource: Resource, ref: ObjectRef, { subresource, ...request }: WriteRequest, signal?: AbortSignal): Promise<KubeObject> {
    const path = pathOf(resource, { ...placeOf(resource, ref), subresource });
    return parseObject(await this.#transport.json({ ...request, path }, signal));
  }
}

interface WriteRequest extends CallOptions {
  readonly method: HttpMethod;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly body: unknown;
}

function queryOf({ labelSelector, fieldSelector }: Selection): { labelSelector: string | undefined; fieldSelector: string | undefined } {
  return { labelSelector, fieldSelector };
}

/** Items of a list come without a type, and a write must have it. */
function typed(resource: Resource, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
