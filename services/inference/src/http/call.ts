import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { deadline, FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { keyStillValid, modelOf } from './auth.js';
import { FORWARDED } from './forwarded-headers.js';
import { tellStandIn, type StandIn } from './stand-in.js';

/** One call of the API, as a handler behind the guard sees it. */
export interface Call {
  /** Whose key it brought. */
  readonly model: ModelState;
  /** The body, not yet read. */
  readonly message: IncomingMessage;
  readonly query: unknown;
  /** RFC 7240: the client does not want to wait. */
  readonly respondAsync: boolean;
  /** Of any name, in small letters; the first of several. */
  readonly header: (name: string) => string | undefined;
  /** Whether the key still opens the model: for answers that take long. */
  readonly keyStillValid: () => boolean;
  /** Aborts when the client hangs up before it has its answer. */
  readonly gone: AbortSignal;
  /** Aborts with DEADLINE_EXCEEDED after `ms`, or when the client hangs up. */
  readonly within: (ms: number) => AbortSignal;
  /** What the replica that handed the call on, if one did, may answer should it have to stop before the answer comes. */
  readonly standIn: (answer: StandIn) => void;
  /** Sets what the answer has beside its body. */
  readonly answersWith: (answer: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> }) => void;
}

/** Parameter of a handler: its call. */
export const TheCall = createParamDecorator((_: unknown, context: ExecutionContext): Call => {
  const http = context.switchToHttp();
  return callOf(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
});

function callOf(request: FastifyRequest, reply: FastifyReply): Call {
  const model = modelOf(request);
  if (!model) throw new FaceHashError('INTERNAL', { what: 'the handler is not behind the guard' });
  const gone = clientGone(reply);
  return {
    model,
    message: request.raw,
    query: request.query,
    respondAsync: prefersAsync(request),
    header: (name) => [request.headers[name]].flat()[0],
    keyStillValid: () => keyStillValid(request),
    gone,
    within: (ms) => deadline(ms, gone),
    standIn: (answer) => (request.headers[FORWARDED] === undefined ? undefined : tellStandIn(reply.raw, answer)),
    answersWith: ({ status, headers = {} }) => void (status === undefined ? reply : reply.status(status)).headers(headers),
  };
}

function clientGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort(new FaceHashError('REQUEST_INVALID', { detail: 'the client hung up' }));
  });
  return controller.signal;
}

function prefersAsync(request: FastifyRequest): boolean {
  return [request.headers['prefer'] ?? '']
    .flat()
    .some((value) => value.split(/[,;]/).some((token) => token.trim().toLowerCase() === 'respond-async'));
}
