import { sha256Hex } from '@facehash/kernel';
import type { KubeConfig, RequestContext } from '@kubernetes/client-node';

export type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;

/**
 * One pool of connections for all calls. The client itself makes a pool for each call, which is a TLS handshake for each. A new pool is
 * made as soon as the certificates have changed (the client reads their files at each call) and after `drop`.
 */
export class DispatcherPool {
  #current: { readonly dispatcher: Dispatcher; readonly material: string } | undefined;
  readonly #draining = new Map<Dispatcher, NodeJS.Timeout>();

  /**
   * `drainMs`: what requests of a dropped pool have left before they are broken off: enough for a call, and a watch starts again by itself.
   * @throws {TypeError} when the KubeConfig has a pool already: each would close what the other one gives out
   */
  constructor(
    kubeConfig: KubeConfig,
    private readonly drainMs: number,
  ) {
    if (Object.hasOwn(kubeConfig, 'createDispatcher')) throw new TypeError('one client for each KubeConfig');
    const make: unknown = Reflect.get(kubeConfig, 'createDispatcher');
    const describe: unknown = Reflect.get(kubeConfig, 'createDispatcherOptions');
    if (typeof make !== 'function' || typeof describe !== 'function')
      throw new TypeError('this version of @kubernetes/client-node makes its connections another way');
    const described = (...args: unknown[]): unknown => overHttp1(Reflect.apply(describe, kubeConfig, args));
    Object.defineProperty(kubeConfig, 'createDispatcherOptions', { configurable: true, value: described });
    const value = (cluster: unknown, options: unknown): unknown =>
      this.#for(materialOf(options), () => Reflect.apply(make, kubeConfig, [cluster, options]));
    Object.defineProperty(kubeConfig, 'createDispatcher', { configurable: true, value });
  }

  /**
   * Later calls get new connections: what was asked over this pool was not answered, so that its connections may lead nowhere. Many calls
   * find that out at the same time, and only the first one changes anything.
   */
  drop(dispatcher: Dispatcher | undefined): void {
    if (dispatcher === undefined || this.#current?.dispatcher !== dispatcher) return;
    this.#current = undefined;
    // Not closed before: an agent that is closed forgets its connections, and what is under way on them could never be broken off.
    const timer = setTimeout(() => this.#destroy(dispatcher), this.drainMs);
    timer.unref();
    this.#draining.set(dispatcher, timer);
  }

  /** Breaks off what is still under way. */
  async close(): Promise<void> {
    const all = [...this.#draining.keys(), ...(this.#current === undefined ? [] : [this.#current.dispatcher])];
    this.#current = undefined;
    for (const dispatcher of all) this.#forget(dispatcher);
    await Promise.allSettled(all.map((dispatcher) => dispatcher.destroy()));
  }

  #for(material: string, make: () => unknown): Dispatcher | undefined {
    if (this.#current?.material === material) return this.#current.dispatcher;
    this.drop(this.#current?.dispatcher);
    const dispatcher = make();
    if (!isDispatcher(dispatcher)) return undefined;
    this.#current = { dispatcher, material };
    return dispatcher;
  }

  #destroy(dispatcher: Dispatcher): void {
    this.#forget(dispatcher);
    dispatcher.destroy().catch(() => undefined);
  }

  #forget(dispatcher: Dispatcher): void {
    clearTimeout(this.#draining.get(dispatcher));
    this.#draining.delete(dispatcher);
  }
}

/**
 * A call that is queued for an HTTP/2 connection which breaks before it is settled is lost in undici 8: it neither fails nor is it sent
 * again, and the caller learns of it at the deadline. With HTTP/1.1 each call has a connection of its own, and fails with it.
 */
function overHttp1(described: unknown): unknown {
  if (typeof described !== 'object' || described === null) return described;
  const settings = Object.entries(described).map(([name, value]: [string, unknown]) => {
    const ofTls = (name === 'connect' || name === 'requestTls') && typeof value === 'object' && value !== null;
    return [name, ofTls ? { ...value, allowH2: false } : value] as const;
  });
  return Object.fromEntries(settings);
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && 'close' in value && 'destroy' in value;
}

/** Digests: private keys are not kept twice. */
function materialOf(options: unknown): string {
  if (typeof options !== 'object' || options === null) return '';
  const fields = Object.entries(options).map(([name, value]: [string, unknown]) => {
    return `${name}=${value instanceof Uint8Array ? sha256Hex(value) : sha256Hex(JSON.stringify(value) ?? '')}`;
  });
  return fields.sort().join(' ');
}
