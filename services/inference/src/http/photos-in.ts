import type { Enrolment, EnrolmentResult, IncomingPhoto, PhotoResult, Whom } from '@facehash/enrolment';
import { FaceHashError } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import type { ByteBudget, Claim } from './body/byte-budget.js';
import type { Incoming } from './body/incoming-photos.js';
import { invalid } from './failure.js';
import { personName } from './v1/schemas.js';
import { parsed } from './validation.js';

export interface PhotosIn {
  readonly enrolment: Enrolment;
  readonly model: ModelState;
  readonly bodies: ByteBudget;
  /** Photos of one call that the enrolment works on at once. */
  readonly photosInFlight: number;
  /** Also photos that are enrolled under somebody else. */
  readonly force?: boolean;
  readonly signal: AbortSignal;
}

/** Photos may come before the name that they belong to, as far as they fit into this; after it nothing is kept back. */
const EARLY_BYTES_MAX = 32 * 1024 ** 2;

/** The ancestor's `/train`: photos are enrolled from the moment when the name is known, while the rest arrives. */
export async function enrolByName(incoming: AsyncGenerator<Incoming, void>, into: PhotosIn): Promise<EnrolmentResult> {
  using held = into.bodies.claim();
  try {
    const { name, early } = await untilName(incoming, held);
    return await enrolAll({ name }, chained(early, incoming), into);
  } finally {
    // Not awaited: a body that stalls would hold up the answer.
    incoming.return().catch(() => undefined);
  }
}

/** Enrols every photo, and tells of those that were no image by their looks in their places. */
export async function enrolAll(whom: Whom, incoming: AsyncIterable<Incoming>, into: PhotosIn): Promise<EnrolmentResult> {
  const { enrolment, model, force = false, signal } = into;
  const unreadable: PhotoResult[] = [];
  using inWork = new PhotosInWork(into);
  async function* photos(): AsyncGenerator<IncomingPhoto, void> {
    for await (const item of incoming) {
      if (item.kind === 'username') throw invalid({ path: 'username', message: 'is given twice' });
      if (item.kind === 'photo') {
        inWork.add(item.bytes);
        yield { index: item.index, bytes: item.bytes, force };
      } else {
        unreadable.push({ index: item.index, outcome: 'rejected', code: 'IMAGE_UNREADABLE', detail: item.detail });
      }
    }
  }
  const result = await enrolment.enrol(model, whom, photos(), signal);
  const all = [...result.photos, ...unreadable].sort((a, b) => a.index - b.index);
  if (all.length === 0) throw invalid({ path: 'images', message: 'must have at least one element' });
  return { ...result, photos: all };
}

/** Charges the budget with the photos that were handed on and are not done: those of the last few, as one more is asked for when one is done. */
class PhotosInWork implements Disposable {
  readonly #claims: Claim[] = [];

  constructor(private readonly options: Pick<PhotosIn, 'bodies' | 'photosInFlight'>) {}

  add(bytes: Uint8Array): void {
    const claim = this.options.bodies.claim();
    this.#claims.push(claim);
    if (this.#claims.length > this.options.photosInFlight) this.#claims.shift()?.release();
    claim.take(bytes.length);
  }

  [Symbol.dispose](): void {
    for (const claim of this.#claims) claim.release();
  }
}

async function untilName(
  incoming: AsyncGenerator<Incoming, void>,
  held: Claim,
): Promise<{ readonly name: string; readonly early: readonly Incoming[] }> {
  const early: Incoming[] = [];
  let size = 0;
  for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
    if (next.value.kind === 'username') return { name: parsed(personName, next.value.value, 'username'), early };
    if (next.value.kind === 'photo') {
      held.take(next.value.bytes.length);
      size += next.value.bytes.length;
    }
    if (size > EARLY_BYTES_MAX) throw invalid({ path: 'username', message: 'must come before the images in a body of this size' });
    early.push(next.value);
  }
  throw invalid(
    { path: 'username', message: 'is missing' },
    ...(early.length === 0 ? [{ path: 'images', message: 'must have at least one element' }] : []),
  );
}

async function* chained(early: readonly Incoming[], rest: AsyncIterable<Incoming>): AsyncGenerator<Incoming, void> {
  yield* early;
  yield* rest;
}

export function rejectedOf(photos: readonly PhotoResult[]): readonly Extract<PhotoResult, { outcome: 'rejected' }>[] {
  return photos.filter((photo) => photo.outcome === 'rejected');
}

/** Throws PHOTOS_REJECTED where nothing is left to train on. */
export function requireAccepted({ counter, photos }: EnrolmentResult): number {
  if (counter === null) throw new FaceHashError('PHOTOS_REJECTED', { rejected: rejectedOf(photos) });
  return counter;
}
