import { Controller, HttpCode, Inject, Post, UseFilters, UseGuards } from '@nestjs/common';
import { ApiKeyGuard } from '../auth.js';
import { TheCall, type Call } from '../call.js';
import { Api, type ApiOptions } from '../openapi/api.js';
import { TRAIN_CALL } from '../tokens.js';
import { AncestorFilter } from './ancestor.filter.js';
import { trainedSchema, type Trained } from './answers.js';
import type { TrainCall } from './train-call.js';

const documentation = {
  tag: 'Ancestor',
  summary: 'Enrol a person by name and photos, and wait until the version that answers knows them',
  body: 'train',
  answers: {
    200: { what: 'The version that answers was trained on these photos.', schema: trainedSchema },
    202: {
      what: 'The photos are kept and training goes on: with `prefer: respond-async`, after the longest wait, or from a replica that stops. `location` holds where to watch it.',
      schema: trainedSchema,
    },
  },
  problems: [
    'REQUEST_INVALID',
    'BODY_TOO_LARGE',
    'MEDIA_TYPE_UNSUPPORTED',
    'PHOTOS_REJECTED',
    'LIMIT_REACHED',
    'VERSION_REFUSED',
    'PERSON_QUARANTINED',
    'TRAINING_FAILED',
    'OVERLOADED',
  ],
  ownFailures: trainedSchema,
} satisfies Omit<ApiOptions, 'id'>;

@Controller()
@UseGuards(ApiKeyGuard)
@UseFilters(AncestorFilter)
export class AncestorTrainController {
  constructor(@Inject(TRAIN_CALL) private readonly trainCall: TrainCall) {}

  @Post('train')
  @HttpCode(200)
  @Api({ ...documentation, id: 'train' })
  train(@TheCall() call: Call): Promise<Trained> {
    return this.#train(call);
  }

  @Post(':apiKey/train')
  @HttpCode(200)
  @Api({ ...documentation, id: 'trainByPath', keyInPath: true, params: { apiKey: 'The key, as the ancestor’s clients send it.' } })
  trainByPath(@TheCall() call: Call): Promise<Trained> {
    return this.#train(call);
  }

  async #train(call: Call): Promise<Trained> {
    const { body, ...rest } = await this.trainCall.run(call);
    call.answersWith(rest);
    return body;
  }
}
