import type { IncomingMessage } from 'node:http';
import type { Enrolment, EnrolmentResult } from '@facehash/enrolment';
import type { ErrorCode } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { ModelDirectory } from '@facehash/recognition';
import type { ByteBudget } from '../body/byte-budget.js';
import { incomingPhotos } from '../body/incoming-photos.js';
import type { Call } from '../call.js';
import { enrolByName, rejectedOf, requireAccepted } from '../photos-in.js';
import type { HttpLimits } from '../ports.js';
import { httpStatus, retryAfterSeconds } from '../status.js';
import type { Trained } from './answers.js';
import { trainingOutcome } from './training-wait.js';

export interface TrainParts {
  readonly directory: ModelDirectory;
  readonly enrolment: Enrolment;
  readonly bodies: ByteBudget;
  readonly limits: HttpLimits;
  /** Aborts when the replica begins to stop. */
  readonly draining: AbortSignal;
}

export interface TrainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Trained;
}

/** The ancestor's `/train`: takes photos in while they arrive, then waits until the version that answers was trained on them. */
export class TrainCall {
  constructor(private readonly parts: TrainParts) {}

  async run(call: Pick<Call, 'model' | 'message' | 'respondAsync' | 'gone' | 'standIn'>): Promise<TrainAnswer> {
    const { model, message, respondAsync, gone } = call;
    const { directory, limits, draining } = this.parts;
    const enrolled = await this.#enrol(model, message, gone);
    const counter = requireAccepted(enrolled);
    const { min } = model.photosPerPerson;
    if (enrolled.held < min)
      return failed({ code: 'PHOTOS_TOO_FEW', message: `${enrolled.held} photos are kept; training needs ${min}` }, enrolled);
    if (respondAsync) return pending(enrolled, { 'preference-applied': 'respond-async' });
    call.standIn(pending(enrolled, {}));
    const cutShort = AbortSignal.any([gone, draining]);
    const outcome = await trainingOutcome(directory, { storageId: model.storageId, counter, waitMs: limits.trainWaitMs, cutShort });
    switch (outcome.outcome) {
      case 'trained':
        if (this.#isQuarantined(model, enrolled)) return failed(quarantined, enrolled);
        return { status: 200, headers: {}, body: { trainingSuccess: 1, version: outcome.version, ...counts(enrolled) } };
      case 'failed':
        return failed(outcome, enrolled);
      case 'pending':
        return pending(enrolled, {});
    }
  }

  /** The version covers the photos in that it leaves them out. */
  #isQuarantined({ storageId }: ModelState, { personId }: EnrolmentResult): boolean {
    return personId !== null && (this.parts.directory.byStorageId(storageId)?.quarantined.includes(personId) ?? false);
  }

  async #enrol(model: ModelState, message: IncomingMessage, signal: AbortSignal): Promise<EnrolmentResult> {
    const { enrolment, bodies, limits } = this.parts;
    using held = bodies.claim();
    const incoming = incomingPhotos(
      message,
      { username: true },
      { bytesMax: limits.trainBytesMax, photoBytesMax: limits.imageBytesMax, held },
    );
    return await enrolByName(incoming, { enrolment, model, bodies, photosInFlight: limits.photosInFlight, signal });
  }
}

function counts(enrolled: EnrolmentResult): Pick<Trained, 'accepted' | 'rejected'> {
  const rejected = rejectedOf(enrolled.photos).map(({ index, code, detail }) => ({ index, code, detail }));
  return { accepted: enrolled.photos.length - rejected.length, rejected };
}

/** What the owner can change is a conflict; anything else is our failure, which may pass. */
const conflicts: readonly string[] = ['VERSION_REFUSED', 'PERSON_QUARANTINED'] satisfies readonly ErrorCode[];
const quarantined = {
  code: 'PERSON_QUARANTINED' satisfies ErrorCode,
  message:
    'these photos take away photos of somebody who is enrolled: the same person under two names, or photos of the wrong one. See /v1/model',
};
const tooFew: ErrorCode = 'PHOTOS_TOO_FEW';

function failed({ code, message }: { readonly code: string; readonly message: string }, enrolled: EnrolmentResult): TrainAnswer {
  const body: Trained = { trainingSuccess: 0, code, detail: message, ...counts(enrolled) };
  if (code === tooFew) return { status: httpStatus.PHOTOS_TOO_FEW, headers: {}, body };
  if (conflicts.includes(code)) return { status: httpStatus.VERSION_REFUSED, headers: {}, body };
  return { status: httpStatus.TRAINING_FAILED, headers: { 'retry-after': String(retryAfterSeconds.TRAINING_FAILED) }, body };
}

/** The photos are kept and will be trained on. Who asks again with the same bytes joins the same run. */
function pending(enrolled: EnrolmentResult, headers: Readonly<Record<string, string>>): TrainAnswer {
  const detail =
    'The photos are kept and training goes on: see the address in the header location, or send the same photos again to wait for it.';
  return { status: 202, headers: { ...headers, location: '/v1/model' }, body: { trainingSuccess: 0, ...counts(enrolled), detail } };
}
