import { Controller, HttpCode, Inject, Post, UseGuards } from '@nestjs/common';
import { FaceHashError } from '@facehash/kernel';
import type { Verification, Verifier } from '@facehash/recognition';
import { ApiKeyGuard } from '../auth.js';
import type { ByteBudget } from '../body/byte-budget.js';
import { namedParts, type NamedParts } from '../body/named-parts.js';
import { TheCall, type Call } from '../call.js';
import { invalid } from '../failure.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { BODIES, LIMITS, VERIFIER } from '../tokens.js';
import { verificationSchema, type VerificationAnswer } from './detection-schemas.js';

const names = { images: ['image', 'other'], texts: ['personId'] };

@Controller('v1')
@UseGuards(ApiKeyGuard)
export class VerifyController {
  constructor(
    @Inject(VERIFIER) private readonly verifier: Verifier,
    @Inject(BODIES) private readonly bodies: ByteBudget,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Post('verify')
  @HttpCode(200)
  @Api({
    tag: 'Recognition',
    id: 'verify',
    summary: 'Say whether two images, or an image and an enrolled person, show the same face; the largest face of an image counts',
    body: 'pair',
    answers: { 200: { what: 'The same, or not.', schema: verificationSchema } },
    problems: [
      'REQUEST_INVALID',
      'IMAGE_UNREADABLE',
      'IMAGE_TOO_LARGE',
      'IMAGE_TOO_SMALL',
      'FACE_NOT_FOUND',
      'BODY_TOO_LARGE',
      'MEDIA_TYPE_UNSUPPORTED',
      'PERSON_NOT_FOUND',
      'MODEL_NOT_READY',
      'OVERLOADED',
      'DEADLINE_EXCEEDED',
    ],
  })
  async verify(@TheCall() { model, message, within }: Call): Promise<VerificationAnswer> {
    using held = this.bodies.claim();
    using arriving = this.bodies.claim();
    const { image, against } = pairOf(await namedParts(message, names, { bytesMax: this.limits.imageBytesMax, held, arriving }));
    const signal = within(this.limits.requestTimeoutMs);
    const verification =
      typeof against === 'string'
        ? await this.verifier.withPerson(model, image, against, signal)
        : await this.verifier.withPhoto(model, image, against, signal);
    return answerOf(verification);
  }
}

function pairOf(parts: NamedParts): { readonly image: Uint8Array; readonly against: Uint8Array | string } {
  const [image, other, personId] = [parts.get('image'), parts.get('other'), parts.get('personId')];
  if (image === undefined || typeof image === 'string') throw invalid({ path: 'image', message: 'is missing' });
  const against = other ?? personId;
  if (against === undefined || (other !== undefined && personId !== undefined))
    throw invalid({ path: 'other', message: 'is needed, or personId, and not both' });
  return { image, against };
}

function answerOf(verification: Verification): VerificationAnswer {
  if (verification.kind === 'unusable')
    throw new FaceHashError(verification.problem, { detail: `${verification.which}: ${verification.detail}` });
  const { same, similarity, threshold, version } = verification;
  return { same, similarity, threshold, version };
}
