import { Controller, Delete, Get, HttpCode, Inject, Param, StreamableFile, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Enrolment, Eraser } from '@facehash/enrolment';
import { ApiKeyGuard } from '../auth.js';
import { mediaTypeOfImage } from '../body/sniff.js';
import { TheCall, type Call } from '../call.js';
import { IdempotencyInterceptor } from '../idempotency.interceptor.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { ENROLMENT, ERASER, LIMITS } from '../tokens.js';
import { photoRemovedSchema } from './schemas.js';

const params = { id: 'Of the person.', photoId: 'Of the photo: SHA-256 of its bytes.' };

/** One photo of a person. */
@Controller('v1/people/:id/photos/:photoId')
@UseGuards(ApiKeyGuard)
@UseInterceptors(IdempotencyInterceptor)
export class PhotoController {
  constructor(
    @Inject(ENROLMENT) private readonly enrolment: Enrolment,
    @Inject(ERASER) private readonly eraser: Eraser,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Get()
  @Api({
    tag: 'People',
    id: 'getPhoto',
    summary: 'The bytes of a photo, as they came',
    params,
    answers: { 200: { what: 'The image.', bytesOf: 'image/*' } },
    problems: ['PHOTO_NOT_FOUND', 'ARTIFACT_CORRUPT'],
  })
  async bytes(@TheCall() call: Call, @Param('id') personId: string, @Param('photoId') photoId: string): Promise<StreamableFile> {
    const bytes = await this.enrolment.photoBytes(call.model, personId, photoId, call.within(this.limits.requestTimeoutMs));
    // Somebody else's bytes under our address: never run, never kept by a cache that others share.
    call.answersWith({
      headers: {
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
        'cache-control': 'private, no-store',
      },
    });
    return new StreamableFile(bytes, { type: mediaTypeOfImage(bytes), length: bytes.length, disposition: 'attachment' });
  }

  @Delete()
  @HttpCode(202)
  @Api({
    tag: 'People',
    id: 'removePhoto',
    summary: 'Remove a photo; a version without it is trained',
    params,
    answers: { 202: { what: 'Removed; the snapshot from which on it is not trained on.', schema: photoRemovedSchema } },
    problems: ['PHOTO_NOT_FOUND'],
  })
  async remove(@TheCall() call: Call, @Param('id') personId: string, @Param('photoId') photoId: string) {
    const snapshot = await this.eraser.removePhoto(call.model, personId, photoId, call.within(this.limits.requestTimeoutMs));
    return { photoId, snapshot };
  }
}
