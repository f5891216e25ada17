import { EventEmitter } from 'node:events';
import { backoffMs, unlessAborted } from '@facehash/kernel';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { authenticatorOf, parseAddresses, type Addresses } from './credentials.js';
import type { NatsLimits } from './limits.js';
import type { NatsOptions } from './options.js';
import { aborted, heard } from './waiting.js';

/** One connection, from when it can be used to when it is lost. */
export interface Session {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly lost: AbortSignal;
}

export interface Health {
  readonly ok: boolean;
  /** In words, for the log and the answer of a health check. */
  readonly why: string;
}

export interface LinkParts {
  readonly options: NatsOptions;
  readonly limits: NatsLimits;
  readonly timeoutMs: number;
  /** Whatever must be true before anybody uses a session. */
  readonly prepare: (session: Session) => Promise<void>;
  readonly closed: AbortSignal;
}

const CONNECT_MS = 5_000;
const PINGS_OPEN_MAX = 2;
/** A connection that held for so long was well: its end is no failure to connect. */
const WELL_AFTER_MS = 10_000;

/**
 * Keeps a connection for as long as it is not closed. The client's own reconnecting is off: a connection that broke is done with, whoever
 * used it is told at once, and the next one begins with what the credentials' files hold then.
 */
export class Link {
  readonly #addresses: Addresses;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #running: Promise<void>;
  #session: Session | undefined;
  #why = 'connecting for the first time';
  #awaySince: number | undefined;
  #prepared = false;

  /** @throws {TypeError} for what is no address */
  constructor(private readonly parts: LinkParts) {
    this.#addresses = parseAddresses(parts.options.servers);
    this.#running = this.#run();
  }

  get health(): Health {
    return { ok: this.#session !== undefined, why: this.#why };
  }

  /** Resolves as soon as there is a session that can be used; rejects with the signal's reason. */
  async ready(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    while (!this.#session) await heard(this.#changes, 'ready', signal);
    return this.#session;
  }

  /** After the signal has aborted: resolves when the connection is gone. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { closed, options } = this.parts;
    for (let failures = 0; !closed.aborted; failures++) {
      const began = options.clock.now().getTime();
      try {
        await this.#use(await this.#connect());
      } catch (error) {
        this.#isAway(error);
      }
      if (options.clock.now().getTime() - began > WELL_AFTER_MS) failures = 0;
      await this.#pause(failures);
    }
    this.#why = 'closed';
  }

  async #connect(): Promise<NatsConnection> {
    const { options, limits, closed } = this.parts;
    const authenticator = await authenticatorOf(options.auth ?? this.#addresses.auth);
    const tls = options.caFile === undefined ? (this.#addresses.tls ? {} : undefined) : { caFile: options.caFile };
    const connecting = connect({
      servers: [...this.#addresses.hosts],
      name: options.name,
      reconnect: false,
      timeout: CONNECT_MS,
      pingInterval: limits.pingMs,
      maxPingOut: PINGS_OPEN_MAX,
      noAsyncTraces: true,
      ...(options.inboxPrefix !== undefined && { inboxPrefix: options.inboxPrefix }),
      ...(authenticator && { authenticator }),
      ...(tls && { tls }),
    });
    // Nobody can break off a connection that is being made: one that nobody waits for any more is closed when it is there.
    return unlessAborted(connecting, closed).catch((error: unknown) => {
      void connecting.then(close, () => undefined);
      throw error;
    });
  }

  async #use(nc: NatsConnection): Promise<void> {
    const { closed, timeoutMs } = this.parts;
    const losing = new AbortController();
    const end = AbortSignal.any([closed, losing.signal]);
    const ended = this.#untilLost(nc).then((error) => losing.abort(error));
    try {
      const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
      const session = { nc, js: jetstream(nc, { timeout: timeoutMs }), jsm, lost: losing.signal };
      const preparing = this.#prepare(session, end);
      if (!this.#prepared) await preparing;
      this.#isBack(session);
      await Promise.race([ended, aborted(closed)]);
      await preparing.catch(() => undefined);
      if (!closed.aborted) throw losing.signal.reason;
    } finally {
      this.#session = undefined;
      await close(nc);
    }
  }

  /** The first time everybody waits for it. What is wrong with the streams later must not stop those who can go on. */
  async #prepare(session: Session, end: AbortSignal): Promise<void> {
    for (let failures = 0; ; failures++) {
      try {
        await unlessAborted(this.parts.prepare(session), end);
        this.#prepared = true;
        return;
      } catch (error) {
        end.throwIfAborted();
        if (!this.#prepared) this.#isAway(error);
        else if (failures === 0) this.parts.options.logger.warn('the streams could not be looked after', { reason: reasonOf(error) });
        await this.#pause(failures);
      }
    }
  }

  /** Resolves with the reason when the connection is of no use any more. */
  async #untilLost(nc: NatsConnection): Promise<unknown> {
    const stale = (async () => {
      const said = new Set<string>();
      for await (const status of nc.status()) {
        if (status.type === 'staleConnection') return new Error('the server does not answer any more');
        if (status.type === 'error' && !said.has(status.error.message) && said.size < 100) {
          said.add(status.error.message);
          this.parts.options.logger.warn('NATS refused something', { reason: status.error.message });
        }
      }
      return undefined;
    })();
    const error = (await Promise.race([nc.closed(), stale])) ?? (await stale);
    return error instanceof Error ? error : new Error('the connection was lost');
  }

  #isBack(session: Session): void {
    const { options } = this.parts;
    const server = session.nc.getServer();
    if (this.#awaySince === undefined) options.logger.info('connected to NATS', { server });
    else options.logger.info('NATS is back', { server, afterMs: options.clock.now().getTime() - this.#awaySince });
    this.#awaySince = undefined;
    this.#why = `connected to ${server}`;
    this.#session = session;
    this.#changes.emit('ready');
  }

  /** One line for each time that it is away, however often it is tried. */
  #isAway(error: unknown): void {
    const { options, closed } = this.parts;
    if (closed.aborted) return;
    const reason = reasonOf(error);
    this.#why = `NATS cannot be used: ${reason}`;
    if (this.#awaySince !== undefined) return;
    this.#awaySince = options.clock.now().getTime();
    options.logger.warn('NATS cannot be used: what needs it fails until it is back', { servers: this.#addresses.hosts, reason });
  }

  async #pause(failures: number): Promise<void> {
    const { options, limits, closed } = this.parts;
    await options.clock.sleep(backoffMs(failures, limits.reconnect, options.random), closed).catch(() => undefined);
  }
}

/** What was said before is on its way: the client writes it out first. */
async function close(nc: NatsConnection): Promise<void> {
  if (!nc.isClosed()) await nc.close().catch(() => undefined);
}

/** What the client, the system or a file said. None of it repeats a credential. */
function reasonOf(error: unknown): string {
  const said = typeof error === 'object' && error !== null && 'message' in error ? error.message : undefined;
  return typeof said === 'string' && said !== '' ? said : 'unknown';
}
