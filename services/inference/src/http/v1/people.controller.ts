import { Controller, Get, HttpCode, Inject, Param, Patch, Post, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Enrolment, PhotoResult } from '@facehash/enrolment';
import type { Person, Photo } from '@facehash/registry-core';
import { ApiKeyGuard } from '../auth.js';
import type { ByteBudget } from '../body/byte-budget.js';
import { incomingPhotos } from '../body/incoming-photos.js';
import { TheCall, type Call } from '../call.js';
import { IdempotencyInterceptor } from '../idempotency.interceptor.js';
import { Api } from '../openapi/api.js';
import { enrolAll } from '../photos-in.js';
import type { HttpLimits } from '../ports.js';
import { BODIES, ENROLMENT, LIMITS } from '../tokens.js';
import { parsed } from '../validation.js';
import { readJson } from './json-body.js';
import { pageAnswer, pageRequest } from './pages.js';
import {
  addPhotosQuery,
  newPersonSchema,
  pageQuery,
  personChangeSchema,
  personPageSchema,
  personSchema,
  photoPageSchema,
  photosTakenSchema,
} from './schemas.js';

const id = { id: 'Of the person.' };
const idempotent = {
  'idempotency-key': 'The same key again within a day gives the first answer again, as long as the instance that gave it remembers.',
};

@Controller('v1/people')
@UseGuards(ApiKeyGuard)
@UseInterceptors(IdempotencyInterceptor)
export class PeopleController {
  constructor(
    @Inject(ENROLMENT) private readonly enrolment: Enrolment,
    @Inject(BODIES) private readonly bodies: ByteBudget,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Get()
  @Api({
    tag: 'People',
    id: 'listPeople',
    summary: 'List people, oldest first',
    query: pageQuery,
    answers: { 200: { what: 'A page.', schema: personPageSchema } },
    problems: ['REQUEST_INVALID'],
  })
  async list(@TheCall() call: Call) {
    return pageAnswer(await this.enrolment.people(call.model, pageRequest(call.query), this.#inTime(call)), personAnswer);
  }

  @Post()
  @Api({
    tag: 'People',
    id: 'createPerson',
    summary: 'Add a person, without photos yet',
    headers: idempotent,
    body: newPersonSchema,
    answers: { 201: { what: 'The person; `location` holds its address.', schema: personSchema } },
    problems: ['REQUEST_INVALID', 'MEDIA_TYPE_UNSUPPORTED', 'PERSON_EXISTS', 'LIMIT_REACHED', 'IDEMPOTENCY_KEY_REUSED'],
  })
  async create(@TheCall() call: Call) {
    const input = await readJson(call.message, newPersonSchema, this.bodies);
    const person = await this.enrolment.createPerson(call.model, input, this.#inTime(call));
    call.answersWith({ headers: { location: `/v1/people/${person.id}` } });
    return personAnswer(person);
  }

  @Get(':id')
  @Api({
    tag: 'People',
    id: 'getPerson',
    summary: 'One person',
    params: id,
    answers: { 200: { what: 'The person.', schema: personSchema } },
    problems: ['PERSON_NOT_FOUND'],
  })
  async get(@TheCall() call: Call, @Param('id') personId: string) {
    return personAnswer(await this.enrolment.person(call.model, personId, this.#inTime(call)));
  }

  @Patch(':id')
  @Api({
    tag: 'People',
    id: 'changePerson',
    summary: 'Change a person; a new name answers at once, without training',
    params: id,
    body: personChangeSchema,
    answers: { 200: { what: 'The changed person.', schema: personSchema } },
    problems: ['REQUEST_INVALID', 'MEDIA_TYPE_UNSUPPORTED', 'PERSON_NOT_FOUND', 'PERSON_EXISTS'],
  })
  async change(@TheCall() call: Call, @Param('id') personId: string) {
    const change = await readJson(call.message, personChangeSchema, this.bodies);
    return personAnswer(await this.enrolment.changePerson(call.model, personId, change, this.#inTime(call)));
  }

  @Post(':id/photos')
  @HttpCode(200)
  @Api({
    tag: 'People',
    id: 'addPhotos',
    summary: 'Enrol photos of a person; the same bytes again are no second photo',
    params: id,
    query: addPhotosQuery,
    headers: idempotent,
    body: 'photos',
    answers: { 200: { what: 'What became of each photo.', schema: photosTakenSchema } },
    problems: ['REQUEST_INVALID', 'BODY_TOO_LARGE', 'MEDIA_TYPE_UNSUPPORTED', 'PERSON_NOT_FOUND', 'IDEMPOTENCY_KEY_REUSED', 'OVERLOADED'],
  })
  async addPhotos(@TheCall() call: Call, @Param('id') personId: string) {
    const { model, message, gone } = call;
    const { force } = parsed(addPhotosQuery, call.query);
    using held = this.bodies.claim();
    const { trainBytesMax, imageBytesMax, photosInFlight } = this.limits;
    const incoming = incomingPhotos(message, { username: false }, { bytesMax: trainBytesMax, photoBytesMax: imageBytesMax, held });
    const { photos, counter } = await enrolAll({ personId }, incoming, {
      enrolment: this.enrolment,
      model,
      bodies: this.bodies,
      photosInFlight,
      force: force === 'true',
      signal: gone,
    });
    return { photos: photos.map(photoResult), snapshot: counter };
  }

  @Get(':id/photos')
  @Api({
    tag: 'People',
    id: 'listPhotos',
    summary: 'List the photos of a person',
    params: id,
    query: pageQuery,
    answers: { 200: { what: 'A page.', schema: photoPageSchema } },
    problems: ['REQUEST_INVALID', 'PERSON_NOT_FOUND'],
  })
  async photos(@TheCall() call: Call, @Param('id') personId: string) {
    return pageAnswer(await this.enrolment.photos(call.model, personId, pageRequest(call.query), this.#inTime(call)), photoAnswer);
  }

  #inTime({ within }: Call): AbortSignal {
    return within(this.limits.requestTimeoutMs);
  }
}

function personAnswer({ id: personId, name, externalId, metadata, createdAt }: Person) {
  return { id: personId, name, externalId, metadata, createdAt };
}

function photoAnswer({ sha256, sizeBytes, addedAt, quality }: Photo) {
  return { id: sha256, sizeBytes, addedAt, quality };
}

function photoResult(result: PhotoResult) {
  return result.outcome === 'rejected'
    ? { index: result.index, outcome: result.outcome, code: result.code, detail: result.detail }
    : { index: result.index, outcome: result.outcome, photoId: result.photoId, quality: result.quality };
}
