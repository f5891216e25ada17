import { Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common';
import type { ModelState } from '@facehash/messaging-core';
import type { ReportName, StoredVersion, VersionHistory } from '@facehash/recognition';
import type { Activations } from '../activations.js';
import { ApiKeyGuard } from '../auth.js';
import { TheCall, type Call } from '../call.js';
import { Api } from '../openapi/api.js';
import type { HttpLimits } from '../ports.js';
import { ACTIVATIONS, LIMITS, VERSION_HISTORY } from '../tokens.js';
import { pageAnswer, pageRequest } from './pages.js';
import { pageQuery } from './schemas.js';
import { activatedSchema, versionPageSchema, versionSchema, type ActivatedAnswer, type VersionAnswer } from './version-schemas.js';

const params = { version: 'Name of the version.' };
const json = { 'application/json': { schema: { type: 'object' } } };
const page = { 'text/html': { schema: { type: 'string' } } };
const goodness = { what: 'How good the version is. Holds ids and digests, and neither names nor photos.' };
const reportDocumentation = { tag: 'Versions', params, problems: ['VERSION_NOT_FOUND', 'NOT_FOUND', 'ARTIFACT_CORRUPT'] } as const;

@Controller('v1/versions')
@UseGuards(ApiKeyGuard)
export class VersionsController {
  constructor(
    @Inject(VERSION_HISTORY) private readonly history: VersionHistory,
    @Inject(ACTIVATIONS) private readonly activations: Activations,
    @Inject(LIMITS) private readonly limits: HttpLimits,
  ) {}

  @Get()
  @Api({
    tag: 'Versions',
    id: 'listVersions',
    summary: 'List the versions that are stored, with how well each did',
    query: pageQuery,
    answers: { 200: { what: 'A page.', schema: versionPageSchema } },
    problems: ['REQUEST_INVALID'],
  })
  async list(@TheCall() call: Call) {
    const { storageId } = call.model;
    return pageAnswer(await this.history.list(storageId, pageRequest(call.query), this.#inTime(call)), (version) =>
      versionAnswer(version, call.model),
    );
  }

  @Get(':version')
  @Api({
    tag: 'Versions',
    id: 'getVersion',
    summary: 'One version',
    params,
    answers: { 200: { what: 'The version.', schema: versionSchema } },
    problems: ['VERSION_NOT_FOUND'],
  })
  async get(@TheCall() call: Call, @Param('version') name: string): Promise<VersionAnswer> {
    return versionAnswer(await this.history.version(call.model.storageId, name, this.#inTime(call)), call.model);
  }

  @Get(':version/report')
  @Api({
    ...reportDocumentation,
    id: 'getVersionReport',
    summary: 'The evaluation of a version, as a page where the header accept names text/html, else as JSON',
    answers: { 200: { ...goodness, content: { ...json, ...page } } },
  })
  report(@TheCall() call: Call, @Param('version') name: string, @Headers('accept') accept = ''): Promise<Buffer> {
    call.answersWith({ headers: { vary: 'accept' } });
    return this.#report(call, name, accept.toLowerCase().includes('text/html') ? 'report.html' : 'report.json');
  }

  @Get(':version/report.json')
  @Api({
    ...reportDocumentation,
    id: 'getVersionReportJson',
    summary: 'The evaluation of a version, for programs',
    answers: { 200: { ...goodness, content: json } },
  })
  reportJson(@TheCall() call: Call, @Param('version') name: string): Promise<Buffer> {
    return this.#report(call, name, 'report.json');
  }

  @Get(':version/report.html')
  @Api({
    ...reportDocumentation,
    id: 'getVersionReportPage',
    summary: 'The evaluation of a version, for people',
    answers: { 200: { ...goodness, content: page } },
  })
  reportPage(@TheCall() call: Call, @Param('version') name: string): Promise<Buffer> {
    return this.#report(call, name, 'report.html');
  }

  @Post(':version/activate')
  @HttpCode(202)
  @Api({
    tag: 'Versions',
    id: 'activateVersion',
    summary: 'Have this version answer, older or newer, and keep it so whatever is enrolled',
    params,
    answers: {
      202: { what: 'It is recorded, and the version goes to the replicas. `location` holds where to watch it.', schema: activatedSchema },
    },
    problems: ['VERSION_NOT_FOUND', 'OVERLOADED', 'DEADLINE_EXCEEDED'],
  })
  async activate(@TheCall() call: Call, @Param('version') name: string): Promise<ActivatedAnswer> {
    const { activation, pin } = await this.activations.activate(call.model, name, this.#inTime(call));
    call.answersWith({ headers: { location: '/v1/model' } });
    return { version: name, at: activation?.at ?? '', pin };
  }

  @Delete(':version/activate')
  @HttpCode(204)
  @Api({
    tag: 'Versions',
    id: 'releaseVersion',
    summary: 'Take the activation of this version back: what is enrolled decides again',
    params,
    answers: { 204: { what: 'It is not activated (any more).' } },
    problems: ['VERSION_NOT_FOUND', 'OVERLOADED', 'DEADLINE_EXCEEDED'],
  })
  async release(@TheCall() call: Call, @Param('version') name: string): Promise<void> {
    await this.activations.release(call.model, name, this.#inTime(call));
  }

  async #report(call: Call, name: string, part: ReportName): Promise<Buffer> {
    const bytes = await this.history.report({ storageId: call.model.storageId, name }, part, this.#inTime(call));
    call.answersWith({ headers: part === 'report.html' ? pageHeaders : { 'content-type': 'application/json; charset=utf-8' } });
    return Buffer.from(bytes);
  }

  #inTime({ within }: Call): AbortSignal {
    return within(this.limits.requestTimeoutMs);
  }
}

/** The page asks for nothing and runs nothing; a browser that is told so makes sure of it. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

function versionAnswer(
  { version: name, samples, trainedAt, evaluation, hyperparameters, backend, pipeline, run }: StoredVersion,
  model: ModelState,
): VersionAnswer {
  return {
    name,
    snapshot: samples.counter,
    trainedAt,
    people: samples.people,
    photos: samples.photos,
    evaluation,
    hyperparameters,
    backend,
    pipeline,
    run,
    active: model.active?.name === name,
    activated: model.activation?.version === name,
    pinned: model.pin === name,
  };
}
