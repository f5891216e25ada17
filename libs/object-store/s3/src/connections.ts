import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { Limiter, unlessAborted } from '@facehash/kernel';
import { Client } from 'minio';
import type { Keys } from './credentials.js';
import type { S3Settings } from './options.js';
import { troubleOf, type Trouble } from './trouble.js';

/** Enough for a replica that answers from what it holds; more than a store of one node serves at once. */
const SOCKETS_MAX = 64;
const WAITING_MAX = 2_000;
const IDLE_SOCKETS_MAX = 16;
/** A third of the deadline without a byte, so that a socket that stalls leaves time for another try. */
const TRIES_IN_DEADLINE = 3;

type OnResponse = (response: IncomingMessage) => void;
export type Tried<T> = { readonly value: T } | { readonly trouble: Trouble };

/**
 * Kept and counted sockets to the store. The `minio` client knows no signals, tries again by itself (with a line on the console), and
 * leaves answers unread then; so each try gets a client of its own, which costs microseconds, over a transport that ends with the try.
 */
export class Connections {
  readonly #agent: http.Agent;
  readonly #limiter = new Limiter(SOCKETS_MAX, WAITING_MAX);

  constructor(private readonly settings: S3Settings) {
    const kept = { keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: IDLE_SOCKETS_MAX };
    this.#agent = settings.tls ? new https.Agent({ ...kept, ca: settings.ca }) : new http.Agent(kept);
  }

  /** One try. Rejects with the signal's reason as soon as it aborts, and with OVERLOADED; what else goes wrong is an answer. */
  try<T>(work: (client: Client) => Promise<T>, keys: Keys, signal: AbortSignal): Promise<Tried<T>> {
    const trying = this.#limiter.run(async () => {
      signal.throwIfAborted();
      const exchange = new Exchange(this.settings, signal);
      try {
        return { value: await work(this.#client(keys, exchange)) };
      } catch (error) {
        signal.throwIfAborted();
        return { trouble: troubleOf(error, exchange) };
      } finally {
        exchange.end();
      }
    });
    return unlessAborted(trying, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  #client(keys: Keys, exchange: Exchange): Client {
    const { tls, host, port, region, pathStyle } = this.settings;
    const client = new Client({
      ...{ endPoint: host, port, useSSL: tls, region, pathStyle },
      accessKey: keys.accessKeyId,
      secretKey: keys.secretAccessKey,
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken }),
      transport: { request: exchange.request },
      transportAgent: this.#agent,
      retryOptions: { disableRetry: true },
    });
    // Over TLS, too: what ends TLS before the store could change bytes, and the digest is known anyway.
    client.enableSHA256 = true;
    return client;
  }
}

/** The requests of one try, and what is known of their answers. */
class Exchange {
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #stalled = false;
  readonly #onAbort = (): void => void this.#request?.destroy();

  constructor(
    private readonly settings: S3Settings,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  get status(): number | undefined {
    return this.#response?.statusCode;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Shaped as the function of node:http that it stands for. */
  readonly request = (options: RequestOptions | string | URL, second?: RequestOptions | OnResponse, third?: OnResponse): ClientRequest => {
    if (typeof options === 'string' || options instanceof URL || typeof second === 'object') throw new TypeError('takes options alone');
    const onResponse = second ?? third;
    const timeout = Math.ceil(this.settings.timeoutMs / TRIES_IN_DEADLINE);
    const { request } = this.settings.tls ? https : http;
    this.#response = undefined;
    this.#request = request({ ...options, timeout }, (response) => {
      this.#response = response;
      onResponse?.(response);
    });
    this.#request.once('timeout', () => {
      this.#stalled = true;
      this.#request?.destroy();
    });
    return this.#request;
  };

  /** A socket with an answer that nobody read to its end cannot be used again. */
  end(): void {
    this.signal.removeEventListener('abort', this.#onAbort);
    if (this.#response?.readableEnded !== true) this.#request?.destroy();
  }
}
