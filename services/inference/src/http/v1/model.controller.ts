import { Controller, Get, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import type { Enrolment } from '@facehash/enrolment';
import { ApiKeyGuard } from '../auth.js';
import { TheCall, type Call } from '../call.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits, HttpPorts } from '../ports.js';
import { ENROLMENT, LIMITS, SAMPLE_COUNTS } from '../tokens.js';
import { modelSchema, trainingBegunSchema, type ModelAnswer } from './model-schemas.js';

@Controller('v1/model')
@UseGuards(ApiKeyGuard)
export class ModelController {
  constructor(
    @Inject(ENROLMENT) private readonly enrolment: Enrolment,
    @Inject(SAMPLE_COUNTS) private readonly counts: HttpPorts['counts'],
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Get()
  @Api({
    tag: 'Model',
    id: 'getModel',
    summary: 'The model of the key: its phase, its people, the version that answers, training under way',
    answers: { 200: { what: 'The model.', schema: modelSchema } },
  })
  async get(@TheCall() { model, within }: Call): Promise<ModelAnswer> {
    const { people, photos } = await this.counts(model.storageId, within(this.limits.requestTimeoutMs));
    const { name, displayName, storageId, phase, active, target, pin, activation } = model;
    const { training, conditions, quarantined, recognition, photosPerPerson, limits } = model;
    return {
      ...{ name, displayName, storageId, phase, people, photos, active, target, pin, activation },
      ...{ training, conditions, quarantined, recognition, photosPerPerson, limits },
    };
  }

  @Post('train')
  @HttpCode(202)
  @Api({
    tag: 'Model',
    id: 'trainModel',
    summary: 'Train now on everything that is enrolled, without waiting for more photos',
    answers: { 202: { what: 'Training begins, if anything changed. `location` holds where to watch it.', schema: trainingBegunSchema } },
  })
  async train(@TheCall() { model, within, answersWith }: Call): Promise<{ readonly snapshot: number | null }> {
    const snapshot = await this.enrolment.trainNow(model, within(this.limits.requestTimeoutMs));
    answersWith({ headers: { location: '/v1/model' } });
    return { snapshot };
  }
}
