import { Controller, HttpCode, Inject, Post, UseFilters, UseGuards } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import type { Recogniser, Recognition } from '@facehash/recognition';
import { portrait } from '@facehash/vision-core';
import { ApiKeyGuard } from '../auth.js';
import type { ByteBudget } from '../body/byte-budget.js';
import { readImage } from '../body/image-body.js';
import { TheCall, type Call } from '../call.js';
import { Api, type ApiOptions } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { BODIES, LIMITS, RECOGNISER } from '../tokens.js';
import { AncestorFilter } from './ancestor.filter.js';
import { foundSchema, type Found } from './answers.js';

const documentation = {
  tag: 'Ancestor',
  summary: 'Who is the person with the largest face in this image?',
  body: 'image',
  answers: {
    200: {
      what: 'The name, or that nobody was found. `code` says why nobody was: FACE_NOT_FOUND, MODEL_NOT_READY; a stranger has none.',
      schema: foundSchema,
    },
  },
  problems: [
    'REQUEST_INVALID',
    'IMAGE_UNREADABLE',
    'IMAGE_TOO_LARGE',
    'IMAGE_TOO_SMALL',
    'BODY_TOO_LARGE',
    'MEDIA_TYPE_UNSUPPORTED',
    'OVERLOADED',
    'DEADLINE_EXCEEDED',
  ],
  ownFailures: foundSchema,
} satisfies Omit<ApiOptions, 'id'>;

/** The ancestor's question, with the key in the path as its clients have it, or in a header. */
@Controller()
@UseGuards(ApiKeyGuard)
@UseFilters(AncestorFilter)
export class AncestorRecogniseController {
  constructor(
    @Inject(RECOGNISER) private readonly recogniser: Recogniser,
    @Inject(BODIES) private readonly bodies: ByteBudget,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Post()
  @HttpCode(200)
  @Api({ ...documentation, id: 'find' })
  find(@TheCall() call: Call): Promise<Found> {
    return this.#find(call);
  }

  @Post(':apiKey')
  @HttpCode(200)
  @Api({ ...documentation, id: 'findByPath', keyInPath: true, params: { apiKey: 'The key, as the ancestor’s clients send it.' } })
  findByPath(@TheCall() call: Call): Promise<Found> {
    return this.#find(call);
  }

  async #find({ model, message, within }: Call): Promise<Found> {
    using held = this.bodies.claim();
    const image = await readImage(message, { bytesMax: this.limits.imageBytesMax, held });
    const { faces, maxFaces, minFaceFraction } = portrait;
    const options = { faces, maxFaces, minFaceFraction, candidates: 0 };
    return answerOf(await this.recogniser.recognise(model, image, options, within(this.limits.requestTimeoutMs)));
  }
}

function answerOf(recognition: Recognition): Found {
  if (recognition.kind === 'unreadable') throw new FaceHashError(recognition.problem, { detail: recognition.detail });
  const { version, faces } = recognition;
  const [largest] = faces;
  if (!largest) return { foundFlag: 0, foundFace: null, version, code: 'FACE_NOT_FOUND' };
  const { person } = largest;
  const similarity = Math.round(largest.similarity * 10_000) / 10_000;
  return person ? { foundFlag: 1, foundFace: person.name, similarity, version } : { foundFlag: 0, foundFace: null, similarity, version };
}
