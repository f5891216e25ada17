import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { FaceHashError, type Logger } from '@facehash/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureOf, type Failure } from './failure.js';
import { AnsweredElsewhere } from './forwarding.js';
import { problemOf } from './problem.js';
import { routeOf, type RouteTable } from './routes.js';
import { LOGGER, ROUTES } from './tokens.js';

/** Whatever goes wrong anywhere becomes a problem document, and where it is our fault a line in the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(ROUTES) private readonly routes: RouteTable,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (thrown instanceof AnsweredElsewhere) return;
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const failure = failureOf(request.is404 ? this.#whyNoRoute(request) : thrown);
    logFailure(this.logger, failure, request);
    sendFailure(host.switchToHttp().getResponse<FastifyReply>(), failure, {
      type: 'application/problem+json',
      body: problemOf(failure, request.id),
    });
  }

  #whyNoRoute(request: FastifyRequest): FaceHashError {
    const methods = this.routes.methodsAt(request);
    return methods.length === 0 ? new FaceHashError('NOT_FOUND') : new FaceHashError('METHOD_NOT_ALLOWED', { allow: methods.join(', ') });
  }
}

/** Only what somebody should look into: a client's mistakes are in the request log by their status. */
export function logFailure(logger: Logger, failure: Failure, request: FastifyRequest): void {
  if (failure.status < 500) return;
  const level = failure.status === 500 ? 'error' : 'warn';
  logger[level]('a request failed', { requestId: request.id, route: routeOf(request), code: failure.code, error: failure.error });
}

export function sendFailure(
  reply: FastifyReply,
  failure: Failure,
  { type, body }: { readonly type: string; readonly body: unknown },
): void {
  if (reply.sent || reply.raw.headersSent) return;
  void reply.status(failure.status).headers(failure.headers).type(type).send(JSON.stringify(body));
}
