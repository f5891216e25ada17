import { Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import type { RecognisedFace, Recogniser } from '@facehash/recognition';
import { ApiKeyGuard } from '../auth.js';
import type { ByteBudget } from '../body/byte-budget.js';
import { readImage } from '../body/image-body.js';
import { TheCall, type Call } from '../call.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { BODIES, LIMITS, RECOGNISER } from '../tokens.js';
import { parsed } from '../validation.js';
import { landmarkAnswer, ratioAnswer } from './face-answers.js';
import { recognitionSchema, recognizeQuery, type FaceAnswer, type RecognitionAnswer } from './recognition-schemas.js';

@Controller('v1')
@UseGuards(ApiKeyGuard)
export class RecognizeController {
  constructor(
    @Inject(RECOGNISER) private readonly recogniser: Recogniser,
    @Inject(BODIES) private readonly bodies: ByteBudget,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Post('recognize')
  @HttpCode(200)
  @Api({
    tag: 'Recognition',
    id: 'recognize',
    summary: 'Find every face in an image and say whose it is, if anybody’s',
    query: recognizeQuery,
    body: 'image',
    answers: { 200: { what: 'Every face down to the smallest that was asked for.', schema: recognitionSchema } },
    problems: [
      'REQUEST_INVALID',
      'IMAGE_UNREADABLE',
      'IMAGE_TOO_LARGE',
      'IMAGE_TOO_SMALL',
      'BODY_TOO_LARGE',
      'MEDIA_TYPE_UNSUPPORTED',
      'MODEL_NOT_READY',
      'OVERLOADED',
      'DEADLINE_EXCEEDED',
    ],
  })
  async recognize(@TheCall() { model, message, query, within }: Call): Promise<RecognitionAnswer> {
    const { candidates, maxFaces, minFaceFraction, ...wish } = parsed(recognizeQuery, query);
    using held = this.bodies.claim();
    const image = await readImage(message, { bytesMax: this.limits.imageBytesMax, held });
    const options = { faces: 'all', maxFaces: Math.min(maxFaces, model.recognition.maxFaces), minFaceFraction, candidates } as const;
    const recognition = await this.recogniser.recognise(model, image, options, within(this.limits.requestTimeoutMs));
    if (recognition.kind === 'unreadable') throw new FaceHashError(recognition.problem, { detail: recognition.detail });
    const { version, width, height, faces } = recognition;
    const asked = { landmarks: wish.landmarks === 'true', ratios: wish.ratios === 'true' };
    return { version, image: { width, height }, faces: faces.map((face) => faceAnswer(face, asked)) };
  }
}

function faceAnswer(face: RecognisedFace, asked: { readonly landmarks: boolean; readonly ratios: boolean }): FaceAnswer {
  const { box, confidence, person, similarity, probability, candidates, quality } = face;
  return {
    box,
    confidence,
    person,
    similarity,
    probability,
    candidates: [...candidates],
    quality,
    ...(asked.landmarks ? { landmarks: landmarkAnswer(face.landmarks) } : {}),
    ...(asked.ratios ? { ratios: ratioAnswer(face.landmarks) } : {}),
  };
}
