import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@facehash/kernel';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { failureOf, type Failure } from '../failure.js';
import { AnsweredElsewhere } from '../forwarding.js';
import { logFailure, sendFailure } from '../problem.filter.js';
import { routeOf } from '../routes.js';
import { LOGGER } from '../tokens.js';

/** Failures in the ancestor's calls keep its fields first, so that a client that knows nothing else sees "not found" or "not trained". */
@Catch()
export class AncestorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    if (thrown instanceof AnsweredElsewhere) return;
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const failure = failureOf(thrown);
    logFailure(this.logger, failure, request);
    const training = routeOf(request).endsWith('/train');
    // A model that nobody was enrolled in yet knows nobody, which is what the ancestor would have said.
    const known = failure.code === 'MODEL_NOT_READY' && !training ? { ...failure, status: 200 } : failure;
    const body = training
      ? { trainingSuccess: 0, ...explanation(failure, request) }
      : { foundFlag: 0, foundFace: null, ...explanation(failure, request) };
    sendFailure(host.switchToHttp().getResponse<FastifyReply>(), known, { type: 'application/json; charset=utf-8', body });
  }
}

function explanation({ code, title, detail, faults, error }: Failure, { id }: FastifyRequest) {
  const { rejected } = error.details;
  return {
    code,
    detail: detail === undefined ? title : `${title}: ${detail}`,
    ...(faults.length === 0 ? {} : { errors: faults }),
    ...(code === 'PHOTOS_REJECTED' ? { accepted: 0, rejected } : {}),
    requestId: id,
  };
}
