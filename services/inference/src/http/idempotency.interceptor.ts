import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { firstValueFrom, from, type Observable } from 'rxjs';
import { modelOf } from './auth.js';
import { invalid } from './failure.js';
import type { IdempotentAnswers } from './idempotent-answers.js';
import { IDEMPOTENT_ANSWERS } from './tokens.js';

/** Visible ASCII, as RFC 9110 has it for values without quotes; UUIDs and the like fit. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** Honours the header idempotency-key of a POST: the first answer again, marked by `idempotency-replayed`. A DELETE ends what was remembered. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(@Inject(IDEMPOTENT_ANSWERS) private readonly answers: IdempotentAnswers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    if (request.method === 'DELETE') return from(this.#withoutTraces(request, next));
    const key = request.headers['idempotency-key'];
    return request.method === 'POST' && key !== undefined ? from(this.#once(String(key), { request, reply, next })) : next.handle();
  }

  async #once(key: string, { request, reply, next }: Handling): Promise<unknown> {
    if (!KEY.test(key)) throw invalid({ path: 'idempotency-key', message: 'must be 1 to 255 visible ASCII characters' });
    const sent = { storageId: modelOf(request)?.storageId ?? '', key, path: request.url };
    const { body, location, replayed } = await this.answers.once(sent, async () => {
      const answer: unknown = await firstValueFrom(next.handle());
      return { body: answer, location: reply.getHeader('location')?.toString() };
    });
    if (replayed) void reply.headers({ 'idempotency-replayed': 'true', ...(location === undefined ? {} : { location }) });
    return body;
  }

  /** Who was removed is not in a later answer either. */
  async #withoutTraces(request: FastifyRequest, next: CallHandler): Promise<unknown> {
    const answer: unknown = await firstValueFrom(next.handle(), { defaultValue: undefined });
    const { storageId } = modelOf(request) ?? {};
    if (storageId !== undefined) this.answers.forget(storageId, namedIn(request));
    return answer;
  }
}

interface Handling {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly next: CallHandler;
}

/** What the path names: the person, the photo. */
function namedIn({ params }: FastifyRequest): readonly string[] {
  return typeof params === 'object' && params !== null ? Object.values(params).map(String) : [];
}
