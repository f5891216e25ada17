import { systemClock, systemRandom } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { serverBinaries, ServersError, startServer, type RunningServer } from '@facehash/test-servers';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { openNatsMessaging, type NatsMessaging } from '../nats-messaging.js';
import type { NatsOptions } from '../options.js';

/** Tests that need the real server; where it cannot be built they are skipped, with the reason. */
export async function describeOnNats(title: string, tests: () => void): Promise<void> {
  const reason = await whyNot();
  describe(title, reason === undefined ? tests : () => it.skip(`is not tried: ${reason}`, () => undefined));
}

async function whyNot(): Promise<string | undefined> {
  try {
    await serverBinaries(['nats-server']);
    return undefined;
  } catch (error) {
    if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
    throw error;
  }
}

/** A server with an administrator's connection that looks into it from outside. */
export class TestNats implements AsyncDisposable {
  readonly log = new RecordingLogger();
  readonly #opened: NatsMessaging[] = [];

  private constructor(
    readonly server: RunningServer,
    readonly nc: NatsConnection,
    readonly jsm: JetStreamManager,
  ) {}

  static async start(extraConfig: readonly string[] = [], caFile?: string): Promise<TestNats> {
    return TestNats.#on(await startServer('nats', { extraConfig }), caFile);
  }

  /** Whoever writes the users down must name an administrator among them. */
  static async startWith(
    extraConfig: (admin: Administrator) => readonly string[],
    admin = { username: 'admin', password: 'admin-password' },
  ): Promise<TestNats> {
    const server = await startServer('nats', { extraConfig: extraConfig(admin) });
    return TestNats.#on({ ...server, url: withUser(server.url, admin) });
  }

  static async #on(server: RunningServer, caFile?: string): Promise<TestNats> {
    const nc = await adminOf(server.url, caFile);
    return new TestNats(server, nc, await jetstreamManager(nc));
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((messaging) => messaging.close()));
    await this.nc.close();
    await this.server.stop();
  }
}

interface Administrator {
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
