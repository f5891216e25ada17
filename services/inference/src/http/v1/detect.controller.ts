import { Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import { frame, type DetectedFace, type FaceAnalyser } from '@facehash/vision-core';
import { ApiKeyGuard } from '../auth.js';
import type { ByteBudget } from '../body/byte-budget.js';
import { readImage } from '../body/image-body.js';
import { TheCall, type Call } from '../call.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { ANALYSER, BODIES, LIMITS } from '../tokens.js';
import { parsed } from '../validation.js';
import { detectionSchema, detectQuery, type DetectedAnswer, type DetectionAnswer } from './detection-schemas.js';
import { landmarkAnswer, ratioAnswer } from './face-answers.js';

@Controller('v1')
@UseGuards(ApiKeyGuard)
export class DetectController {
  constructor(
    @Inject(ANALYSER) private readonly analyser: FaceAnalyser,
    @Inject(BODIES) private readonly bodies: ByteBudget,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Post('detect')
  @HttpCode(200)
  @Api({
    tag: 'Recognition',
    id: 'detect',
    summary: 'Find every face in an image, with its landmarks, proportions and quality; needs no trained version',
    query: detectQuery,
    body: 'image',
    answers: { 200: { what: 'Every face down to the smallest that was asked for.', schema: detectionSchema } },
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
  })
  async detect(@TheCall() { model, message, query, within }: Call): Promise<DetectionAnswer> {
    const { maxFaces, minFaceFraction } = parsed(detectQuery, query);
    using held = this.bodies.claim();
    const image = await readImage(message, { bytesMax: this.limits.imageBytesMax, held });
    const options = { ...frame, maxFaces: Math.min(maxFaces, model.recognition.maxFaces), minFaceFraction, descriptors: null };
    const analysis = await this.analyser.analyse(image, options, within(this.limits.requestTimeoutMs));
    if (!analysis.readable) throw new FaceHashError(analysis.problem, { detail: analysis.detail });
    const { width, height, faces } = analysis;
    return { image: { width, height }, faces: faces.map(faceAnswer) };
  }
}

function faceAnswer({ box, confidence, quality, landmarks }: DetectedFace): DetectedAnswer {
  return { box, confidence, quality, landmarks: landmarkAnswer(landmarks), ratios: ratioAnswer(landmarks) };
}
