import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/**
 * What the front does with a request: gives it on; answers it by itself, as S3 does when it refuses, at once or `when` something has happened; gives it on and changes the bytes of
 * the answer; or gives it on, lets the store do its work, and breaks off before the client sees the answer.
 */
export type Fault =
  | 'pass'
  | 'loseAnswer'
  | { readonly status: number; readonly code: string; readonly when?: Promise<unknown> }
  | { readonly change: (body: Buffer) => Buffer };

/** Stands before a store and does to whole answers what a bad proxy, a busy store or a rotten disk does. Signatures stay good: it keeps the host's name. */
export class HttpFront implements AsyncDisposable {
  /** Method and path of every request, in their order. */
  readonly seen: string[] = [];
  readonly #server = createServer((incoming, outgoing) => void this.#answer(incoming, outgoing).catch(() => incoming.destroy()));
  #fault: (request: IncomingMessage) => Fault = () => 'pass';

  private constructor(private readonly target: URL) {}

  static async before(target: URL): Promise<HttpFront> {
    const front = new HttpFront(target);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Decides for each request from now on. */
  does(fault: (request: IncomingMessage) => Fault): void {
    this.#fault = fault;
  }

  /** For the next requests of this method, one after another; then it passes everything. */
  doesNext(method: string, ...faults: readonly Fault[]): void {
    const left = [...faults];
    this.does((incoming) => (incoming.method === method ? left.shift() : undefined) ?? 'pass');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.seen.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    const fault = this.#fault(incoming);
    const sent = await whole(incoming);
    if (typeof fault === 'object' && 'status' in fault) {
      await fault.when;
      const xml = `<?xml version="1.0"?><Error><Code>${fault.code}</Code><Message>on purpose</Message></Error>`;
      return void outgoing.writeHead(fault.status, { 'content-type': 'application/xml' }).end(incoming.method === 'HEAD' ? undefined : xml);
    }
    const answered = await this.#ask(incoming, sent);
    if (fault === 'loseAnswer') return void incoming.socket.resetAndDestroy();
    const body = typeof fault === 'object' ? fault.change(answered.body) : answered.body;
    const headers = { ...answered.headers };
    if (incoming.method !== 'HEAD' && headers['content-length'] !== undefined) headers['content-length'] = String(body.length);
    outgoing.writeHead(answered.status, headers).end(body);
  }

  async #ask({ method, url, headers }: IncomingMessage, sent: Buffer): Promise<Answered> {
    const { hostname: host, port } = this.target;
    const asking = request({ host, port, method, path: url, headers, agent: false });
    asking.end(sent);
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await whole(response) };
  }
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
