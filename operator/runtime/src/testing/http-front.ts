import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface FrontAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a `Status` object, where it is one. */
  readonly body?: string;
}

/** `holdMs`: it is given on, and so much later. */
export type FrontRule = (request: {
  readonly method: string;
  readonly url: string;
}) => FrontAnswer | { readonly holdMs: number } | undefined;

/** Stands in front of an API server and answers in its place what a rule says. It speaks plain HTTP; the server behind speaks TLS or not. */
export interface HttpFront extends AsyncDisposable {
  readonly port: number;
  /** Every call that came, as `METHOD path?query`. */
  readonly calls: readonly string[];
  /** Undefined gives everything on. */
  answer(rule: FrontRule | undefined): void;
  /** Ends every answer that is under way. */
  breakOff(): void;
  /** Answers the next `count` calls in the same way. */
  answerNext(count: number, answer: FrontAnswer): void;
}

export async function httpFront(target: { readonly url: string; readonly ca?: Buffer }): Promise<HttpFront> {
  const calls: string[] = [];
  let rule: FrontRule | undefined;
  const server = createServer((request, response) => {
    const [method, url] = [request.method ?? 'GET', request.url ?? '/'];
    calls.push(`${method} ${url}`);
    const answer = rule?.({ method, url });
    if (answer === undefined) return giveOn(request, response, target);
    if ('holdMs' in answer) return void setTimeout(() => giveOn(request, response, target), answer.holdMs);
    request.resume();
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body ?? '{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server),
    calls,
    breakOff: () => server.closeAllConnections(),
    answer: (next) => void (rule = next),
    answerNext: (count, answer) => {
      let left = count;
      rule = () => (left-- > 0 ? answer : undefined);
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function giveOn(request: IncomingMessage, response: ServerResponse, { url, ca }: { readonly url: string; readonly ca?: Buffer }): void {
  const target = new URL(request.url ?? '/', url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const onward = send(target, { method: request.method, headers, ca }, (answer) => {
    const { connection: _c, 'transfer-encoding': _t, ...rest } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, rest);
    response.flushHeaders();
    answer.on('error', () => response.destroy()).pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
