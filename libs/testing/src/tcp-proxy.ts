import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the proxy does with a chunk of bytes on its way: gives it on, as it is or changed, or breaks the connection off. */
export type OnItsWay = (chunk: Buffer, direction: 'toServer' | 'toClient') => Buffer | 'reset';

/**
 * Stands between a client and a real server and does to the bytes what a bad network does. Everything can be changed at any time and
 * holds for connections that are open, too.
 */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now, and those that were ever made. */
  readonly open: number;
  readonly made: number;
  /** Bytes that were given on to the server and to the client. */
  readonly bytes: { readonly toServer: number; readonly toClient: number };
  /** Lets everything through again, also what was held back. */
  heal(): void;
  /** Resets what is open. New connections are refused in the same way until it heals. */
  cut(): void;
  /** Resets what is open, once: who connects again gets through. */
  resetAll(): void;
  /** Holds every byte back, in both directions, without closing anything: as a network that swallows packets. */
  stall(): void;
  /** As `stall`, of the connections that are open now: who connects again gets through. As a router does that has forgotten them. */
  stallOpen(): void;
  /** Gives on at most as many bytes a second and direction of each connection. */
  slow(bytesPerSecond: number): void;
  /** Looks at every chunk; `undefined` ends that. */
  intercept(onItsWay: OnItsWay | undefined): void;
}

/** Listens on a free port of the loopback interface. `await using` closes it with every connection. */
export async function tcpProxy(target: { readonly host?: string; readonly port: number }): Promise<TcpProxy> {
  const proxy = new Proxying(target);
  await proxy.listen();
  return proxy;
}

/** The client's side and the server's. */
type Pair = readonly [Socket, Socket];

interface Stall {
  readonly over: Promise<void>;
  readonly end: () => void;
}

class Proxying implements TcpProxy {
  readonly #server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  readonly #pairs = new Set<Pair>();
  readonly #bytes = { toServer: 0, toClient: 0 };
  #made = 0;
  #cutOff = false;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #onItsWay: OnItsWay | undefined;
  #stalled: Stall | undefined;
  /** Of single connections. */
  readonly #forgotten = new Map<Pair, Stall>();

  constructor(private readonly target: { readonly host?: string; readonly port: number }) {}

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get open(): number {
    return this.#pairs.size;
  }

  get made(): number {
    return this.#made;
  }

  get bytes(): { readonly toServer: number; readonly toClient: number } {
    return { ...this.#bytes };
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  heal(): void {
    this.#cutOff = false;
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#onItsWay = undefined;
    this.#stalled?.end();
    this.#stalled = undefined;
    for (const { end } of this.#forgotten.values()) end();
    this.#forgotten.clear();
  }

  cut(): void {
    this.#cutOff = true;
    this.resetAll();
  }

  resetAll(): void {
    for (const pair of [...this.#pairs]) reset(pair);
  }

  stall(): void {
    this.#stalled ??= stall();
  }

  stallOpen(): void {
    const stalled = stall();
    for (const pair of this.#pairs) if (!this.#forgotten.has(pair)) this.#forgotten.set(pair, stalled);
  }

  slow(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  intercept(onItsWay: OnItsWay | undefined): void {
    this.#onItsWay = onItsWay;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#stalled?.end();
    for (const { end } of this.#forgotten.values()) end();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.#made++;
    client.on('error', () => undefined);
    if (this.#cutOff) return void client.resetAndDestroy();
    const server = connect({ host: this.target.host ?? '127.0.0.1', port: this.target.port, allowHalfOpen: true });
    server.on('error', () => undefined);
    const pair: Pair = [client, server];
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.once('close', () => {
        this.#pairs.delete(pair);
        this.#forgotten.delete(pair);
        // An end that was announced has been passed on by then; whatever else closed a side breaks the other off.
        for (const other of pair) other.destroy();
      });
    }
    void this.#pass(pair, 'toServer').catch(() => reset(pair));
    void this.#pass(pair, 'toClient').catch(() => reset(pair));
  }

  async #pass(pair: Pair, direction: 'toServer' | 'toClient'): Promise<void> {
    const [from, to] = direction === 'toServer' ? pair : [pair[1], pair[0]];
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      await this.#unstalled(pair);
      const given = this.#onItsWay === undefined ? (chunk as Buffer) : this.#onItsWay(chunk as Buffer, direction);
      if (given === 'reset') throw new Error('broken off on purpose');
      await this.#give(given, to);
      this.#bytes[direction] += given.length;
    }
    await this.#unstalled(pair);
    to.end();
  }

  async #unstalled(pair: Pair): Promise<void> {
    await this.#stalled?.over;
    await this.#forgotten.get(pair)?.over;
  }

  /** In pieces of a twentieth of a second where it is slow. */
  async #give(bytes: Buffer, to: Socket): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const size = Number.isFinite(this.#bytesPerSecond) ? Math.max(1, Math.floor(this.#bytesPerSecond / 20)) : bytes.length;
      if (!to.write(bytes.subarray(at, at + size))) await once(to, 'drain');
      at += size;
      if (Number.isFinite(this.#bytesPerSecond)) await sleep(50);
    }
  }
}

function stall(): Stall {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  return { over, end };
}

function reset(pair: Pair): void {
  // A socket that has announced its end cannot be reset any more: Node would say so, and keep it, and the process with it.
  for (const socket of pair) {
    if (socket.writableEnded) socket.destroy();
    else socket.resetAndDestroy();
  }
}
