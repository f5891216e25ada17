import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { FaceHashError, newId, type Clock, type Random } from '@facehash/kernel';
import { failureOf, invalid } from './failure.js';
import { problemOf } from './problem.js';

const TYPE = 'application/problem+json';
/** For what still comes on a connection that has got its last answer. */
const LINGER_MS = 1000;

/** Node's codes for what goes wrong below the level of requests, but for what is simply no HTTP. */
const trouble: Readonly<Partial<Record<string, readonly [status: string, detail: string]>>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the header is too large'],
};

type Handlers = Required<Pick<FastifyServerOptions, 'clientErrorHandler' | 'frameworkErrors'>>;

/** What is no HTTP, or has an address that cannot be read, never reaches Nest. It gets the same kind of answer, without a quote of what was sent. */
export function refuseMalformed(clock: Clock, random: Random): Handlers {
  const id = (): string => newId('req', clock, random);
  return {
    clientErrorHandler: ({ code }, socket) => {
      const [status, detail] = trouble[code] ?? ['400 Bad Request', 'this is not a well-formed HTTP request'];
      const { body } = answer(new FaceHashError('REQUEST_INVALID', { detail }), id(), Number.parseInt(status, 10));
      const head = [`HTTP/1.1 ${status}`, `content-type: ${TYPE}`, `content-length: ${Buffer.byteLength(body)}`, 'connection: close'];
      answerLast(socket, `${head.join('\r\n')}\r\n\r\n${body}`);
    },
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      send(reply.raw, answer(error, request.id));
    },
  };
}

/** What Node would refuse by itself, without a word: a request that names no host, and one that expects what nobody promised. */
export function refuseOddities(fastify: FastifyInstance, clock: Clock, random: Random): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    latest.set(request.raw.socket, reply.raw);
    const needsHost = request.raw.httpVersion === '1.1' && request.headers.host === undefined;
    done(needsHost ? invalid({ path: 'host', message: 'is missing: HTTP/1.1 needs this header' }) : undefined);
  });
  fastify.server.on('checkExpectation', (_request, response: ServerResponse) => {
    const error = new FaceHashError('REQUEST_INVALID', { detail: 'nothing but 100-continue may be expected' });
    // The body may follow or not: what comes next on this connection cannot be told.
    response.setHeader('connection', 'close');
    send(response, answer(error, newId('req', clock, random), 417));
  });
}

/** The answer that was begun last on a connection. */
const latest = new WeakMap<Socket, ServerResponse>();
const refused = new WeakSet<Socket>();

/** Behind the answers to what came before, never into one, and closes the connection. A request that has its answer already gets no second one. */
function answerLast(socket: Socket, text: string): void {
  // Whatever still comes is as malformed.
  if (refused.has(socket)) return;
  refused.add(socket);
  const before = latest.get(socket);
  const end = (last: string): void => {
    if (socket.writable) socket.end(last);
    // Destroyed at once with bytes unread, the kernel would reset the connection, and the client would lose the answer.
    const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(cut));
  };
  if (before === undefined) end(text);
  else if (!before.req.complete) end(before.headersSent ? '' : text);
  else if (before.writableFinished) end(text);
  else before.once('close', () => end(text));
}

function send(response: ServerResponse, { status, body }: { readonly status: number; readonly body: string }): void {
  response.writeHead(status, { 'content-type': TYPE, 'content-length': Buffer.byteLength(body) }).end(body);
}

function answer(error: unknown, requestId: string, status?: number): { readonly status: number; readonly body: string } {
  const told = failureOf(error);
  const failure = { ...told, status: status ?? told.status };
  return { status: failure.status, body: JSON.stringify(problemOf(failure, requestId)) };
}
