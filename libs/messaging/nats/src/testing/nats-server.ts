import { systemClock, systemRandom } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { openNatsMessaging, type NatsMessaging } from '../nats-messaging.js';
import type { NatsOptions } from '../options.js';

/** What is started by @facehash/test-servers, which tests alone may import. */
interface Server {
  readonly url: string;
  readonly process?: {
    readonly folder: string;
    readonly log: () => string;
    readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
    readonly startAgain: () => Promise<void>;
  };
  readonly stop: () => Promise<void>;
}

/** These tests delete streams, set up users and crash the server: never one that somebody gave them. */
export const ownServer = { env: { ...process.env, FACEHASH_TEST_NATS_URL: '' } };

/** Tests that need the real server; where there is a reason why it cannot be had they are skipped, with the reason. */
export function describeOnNats(reason: string | undefined, title: string, tests: () => void): void {
  describe(title, reason === undefined ? tests : () => it.skip(`is not tried: ${reason}`, () => undefined));
}

/** A server with an administrator's connection that looks into it from outside. */
export class TestNats implements AsyncDisposable {
  readonly log = new RecordingLogger();
  readonly #opened: NatsMessaging[] = [];

  private constructor(
    readonly server: Server,
    readonly nc: NatsConnection,
    readonly jsm: JetStreamManager,
  ) {}

  /** The administrator is who stands in the URL, unless the server was given other users. */
  static async on(server: Server, { admin, caFile }: { readonly admin?: Administrator; readonly caFile?: string } = {}): Promise<TestNats> {
    const url = admin ? withUser(server.url, admin) : server.url;
    const nc = await adminOf(url, caFile);
    return new TestNats({ ...server, url }, nc, await jetstreamManager(nc));
  }

  get process(): NonNullable<Server['process']> {
    if (this.server.process === undefined) throw new Error('a server that was given by its URL cannot be crashed');
    return this.server.process;
  }

  get port(): number {
    return Number(new URL(this.server.url).port);
  }

  /** The server's URL through another port. */
  through({ port }: { readonly port: number }): string {
    const url = new URL(this.server.url);
    url.port = String(port);
    return url.href;
  }

  /** The server's URL for somebody else. */
  as(username: string, password: string): string {
    return withUser(this.server.url, { username, password });
  }

  /** Quick to notice and to come back, so that tests of faults take no minutes. Closed with the server. */
  async open(options: Partial<NatsOptions> = {}): Promise<NatsMessaging> {
    const parts = { name: 'test', clock: systemClock, random: systemRandom, logger: this.log };
    const limits = { pingMs: 250, reconnect: { firstMs: 20, maxMs: 200 }, ...options.limits };
    const messaging = await openNatsMessaging({ servers: [this.server.url], ...parts, ...options, limits });
    this.#opened.push(messaging);
    return messaging;
  }

  /** Lines about what happened, without those of `debug`. */
  get told(): readonly string[] {
    return this.log.lines.flatMap(({ level, message }) => (level === 'debug' ? [] : [message]));
  }

  /** Closes what was opened, and forgets what was said. */
  async closeAll(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((messaging) => messaging.close()));
    this.log.lines.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll();
    await this.nc.close();
    await this.server.stop();
  }
}

export interface Administrator {
  readonly username: string;
  readonly password: string;
}

function withUser(address: string, { username, password }: Administrator): string {
  const url = new URL(address);
  [url.username, url.password] = [username, password];
  return url.href;
}

async function adminOf(address: string, caFile?: string): Promise<NatsConnection> {
  const { host, username, password } = new URL(address);
  const again = { maxReconnectAttempts: -1, reconnectTimeWait: 50, ignoreAuthErrorAbort: true };
  return connect({ servers: host, user: username, pass: password, ...again, ...(caFile !== undefined && { tls: { caFile } }) });
}
