import { Controller, Delete, Get, HttpCode, Inject, Param, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Eraser } from '@facehash/enrolment';
import type { Erasure } from '@facehash/registry-core';
import { ApiKeyGuard } from '../auth.js';
import { TheCall, type Call } from '../call.js';
import { IdempotencyInterceptor } from '../idempotency.interceptor.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { ERASER, LIMITS } from '../tokens.js';
import { pageAnswer, pageRequest } from './pages.js';
import { erasurePageSchema, erasureSchema, pageQuery } from './schemas.js';

const id = { id: 'Of the person.' };

@Controller('v1')
@UseGuards(ApiKeyGuard)
@UseInterceptors(IdempotencyInterceptor)
export class ErasuresController {
  constructor(
    @Inject(ERASER) private readonly eraser: Eraser,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Delete('people/:id')
  @HttpCode(202)
  @Api({
    tag: 'People',
    id: 'erasePerson',
    summary: 'Erase a person: masked in answers at once, then their photos and every version that was made with them go',
    params: id,
    answers: { 202: { what: 'The receipt as far as it has come; `location` holds its address.', schema: erasureSchema } },
    problems: ['PERSON_NOT_FOUND'],
  })
  async erase(@TheCall() call: Call, @Param('id') personId: string) {
    const erasure = await this.eraser.erasePerson(call.model, personId, this.#inTime(call));
    call.answersWith({ headers: { location: `/v1/erasures/${personId}` } });
    return erasureAnswer(erasure);
  }

  @Get('erasures')
  @Api({
    tag: 'People',
    id: 'listErasures',
    summary: 'List receipts of erasures, in the order of person ids',
    query: pageQuery,
    answers: { 200: { what: 'A page.', schema: erasurePageSchema } },
    problems: ['REQUEST_INVALID'],
  })
  async list(@TheCall() call: Call) {
    return pageAnswer(await this.eraser.erasures(call.model, pageRequest(call.query), this.#inTime(call)), erasureAnswer);
  }

  @Get('erasures/:id')
  @Api({
    tag: 'People',
    id: 'getErasure',
    summary: 'The receipt of an erasure',
    params: id,
    answers: { 200: { what: 'The receipt.', schema: erasureSchema } },
    problems: ['ERASURE_NOT_FOUND'],
  })
  async get(@TheCall() call: Call, @Param('id') personId: string) {
    return erasureAnswer(await this.eraser.erasure(call.model, personId, this.#inTime(call)));
  }

  #inTime({ within }: Call): AbortSignal {
    return within(this.limits.requestTimeoutMs);
  }
}

function erasureAnswer({ personId, photos, requestedAt, maskedAt, completedAt }: Erasure) {
  const state = completedAt !== null ? 'Erased' : maskedAt !== null ? 'Erasing' : 'Masking';
  return { personId, state, photos, requestedAt, maskedAt, completedAt };
}
