import type { FastifyServerOptions } from 'fastify';
import { FaceHashError, newId, type Clock, type Random } from '@facehash/kernel';
import { failureOf } from './failure.js';
import { problemOf } from './problem.js';

const TYPE = 'application/problem+json';

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
      if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      socket.destroySoon();
    },
    frameworkErrors: (error, request, reply) => {
      const { status, body } = answer(error, request.id);
      reply.hijack();
      reply.raw.writeHead(status, { 'content-type': TYPE, 'content-length': Buffer.byteLength(body) }).end(body);
    },
  };
}

function answer(error: unknown, requestId: string, status?: number): { readonly status: number; readonly body: string } {
  const told = failureOf(error);
  const failure = { ...told, status: status ?? told.status };
  return { status: failure.status, body: JSON.stringify(problemOf(failure, requestId)) };
}
