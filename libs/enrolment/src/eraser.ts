import { deadline, FaceHashError, supervise, type Clock, type Logger, type Random } from '@facehash/kernel';
import type { Messaging, ModelState } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Erasure, Page, PageRequest, PhotoRemoval, Registry } from '@facehash/registry-core';
import { MaskWatch } from './mask-watch.js';
import { PeopleProjector } from './people-projection.js';
import type { SnapshotCutter } from './snapshot-cutter.js';
import { StoredPhotos } from './stored-photos.js';

const PASS_TIMEOUT_MS = 60_000;
/** While something is left to do, and while nothing is known to be. */
const BUSY_MS = 500;
const IDLE_MS = 5000;
/** An acknowledgement waits this long for the replicas, so that it can say that nobody answers with the name any more. */
const MASK_WAIT_MS = 2000;
const MASK_POLL_MS = 10;
/** A run that had begun before the removal has been published by then. */
const SETTLED_AFTER_MS = 5000;

export interface EraserParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly messaging: Pick<Messaging, 'people' | 'replicas' | 'models' | 'events' | 'commands'>;
  readonly cutter: SnapshotCutter;
  /** In use: their stages may be stored at any time. */
  readonly pipelines: readonly string[];
  /** Nobody of this id is named here any more: for as long as this replica cannot be told so by the projection. */
  readonly mask: (storageId: string, personId: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Erases people and photos. What was acknowledged is masked, and goes on by itself until nothing of it is stored: photos and what was
 * computed from them go at once, versions when the one that answers was made without the person.
 */
export interface Eraser {
  /** Rejects with PERSON_NOT_FOUND. Asked for again, the same erasure as far as it has come. */
  erasePerson(model: ModelState, personId: string, signal?: AbortSignal): Promise<Erasure>;
  /** Rejects with ERASURE_NOT_FOUND. */
  erasure(model: ModelState, personId: string, signal?: AbortSignal): Promise<Erasure>;
  erasures(model: ModelState, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>>;
  /** The counter of the snapshot that has the photo no more, and of later ones. Rejects with PHOTO_NOT_FOUND. */
  removePhoto(model: ModelState, personId: string, photoId: string, signal?: AbortSignal): Promise<number>;
  /** Of all models, as they were last found; for whoever watches that none hangs. */
  figures(): ErasureFigures;
  close(): Promise<void>;
}

/** Erasures that are not complete. */
export interface ErasureFigures {
  /** Not every live replica is known to mask the person. */
  readonly masking: number;
  /** Masked everywhere; something that was made from their photos is still stored. */
  readonly erasing: number;
  /** Age of the oldest of them, 0 where there is none. */
  readonly oldestSeconds: number;
}

export function openEraser(parts: EraserParts): Eraser {
  return new ErasingLoop(parts);
}

class ErasingLoop implements Eraser {
  readonly #stop = new AbortController();
  readonly #projector: PeopleProjector;
  readonly #masks: MaskWatch;
  readonly #photos: StoredPhotos;
  readonly #loop: Promise<void>;
  #wake = new AbortController();
  /** Erasures that this process has set going, and photos that it has deleted once: both are only done again after a restart. */
  readonly #begun = new Set<string>();
  readonly #deleted = new Set<string>();
  /** Photos whose removal is being asked for here, and those of which a snapshot without them is known to come. */
  readonly #removing = new Set<string>();
  readonly #counted = new Set<string>();
  /** Those that the registry named last and that are not completed since. */
  #known: ReadonlyMap<string, Erasure> = new Map();

  constructor(private readonly parts: EraserParts) {
    const { messaging, registry, clock, random, logger } = parts;
    this.#projector = new PeopleProjector(messaging.people, registry, parts);
    this.#masks = new MaskWatch(messaging, { clock, random, logger, signal: this.#stop.signal });
    this.#photos = new StoredPhotos(parts.objects, registry, parts.pipelines);
    this.#loop = supervise(() => this.#run(), { what: 'erasures', clock, random, logger, signal: this.#stop.signal });
  }

  async erasePerson({ storageId }: ModelState, personId: string, signal?: AbortSignal): Promise<Erasure> {
    const erasure = await this.parts.registry.erasePerson(storageId, personId, this.#now(), signal);
    if (!erasure) throw new FaceHashError('PERSON_NOT_FOUND', { id: personId });
    this.parts.mask(storageId, personId);
    if (erasure.completedAt !== null) return erasure;
    await this.#begin(erasure, signal);
    this.#wake.abort();
    for (const until = this.parts.clock.now().getTime() + MASK_WAIT_MS; ; await this.parts.clock.sleep(MASK_POLL_MS, signal)) {
      const now = await this.#mask(erasure, signal);
      if (now.maskedAt !== null || this.parts.clock.now().getTime() >= until) return now;
    }
  }

  async erasure({ storageId }: ModelState, personId: string, signal?: AbortSignal): Promise<Erasure> {
    const erasure = await this.parts.registry.erasure(storageId, personId, signal);
    if (!erasure) throw new FaceHashError('ERASURE_NOT_FOUND', { id: personId });
    return erasure;
  }

  erasures({ storageId }: ModelState, page: PageRequest, signal?: AbortSignal): Promise<Page<Erasure>> {
    return this.parts.registry.erasures(storageId, page, signal);
  }

  async removePhoto({ storageId }: ModelState, personId: string, sha256: string, signal?: AbortSignal): Promise<number> {
    const removal = { storageId, personId, sha256, removedAt: this.#now() };
    const key = photoKey(removal);
    this.#removing.add(key);
    try {
      if (!(await this.parts.registry.removePhoto(removal, signal))) throw new FaceHashError('PHOTO_NOT_FOUND', { id: sha256 });
      const counter = await this.#count(storageId, signal);
      this.#counted.add(key);
      return counter;
    } finally {
      this.#removing.delete(key);
      this.#wake.abort();
    }
  }

  figures(): ErasureFigures {
    const open = [...this.#known.values()];
    const masking = open.filter(({ maskedAt }) => maskedAt === null).length;
    const nowMs = this.parts.clock.now().getTime();
    const oldestMs = open.reduce((oldest, { requestedAt }) => Math.min(oldest, Date.parse(requestedAt)), nowMs);
    return { masking, erasing: open.length - masking, oldestSeconds: (nowMs - oldestMs) / 1000 };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#loop, this.#masks.close()]);
  }

  async #run(): Promise<void> {
    for (;;) {
      this.#wake = new AbortController();
      const left = await this.#pass(deadline(PASS_TIMEOUT_MS, this.#stop.signal));
      const woken = AbortSignal.any([this.#stop.signal, this.#wake.signal]);
      await this.parts.clock.sleep(left ? BUSY_MS : IDLE_MS, woken).catch(() => this.#stop.signal.throwIfAborted());
    }
  }

  /** Everything that can be done now; whether something is left. */
  async #pass(signal: AbortSignal): Promise<boolean> {
    const open = await this.#open(signal);
    const last = new Set<string>();
    for (const [key, erasure] of open) if (erasure.maskedAt !== null && (await this.#versionsGone(erasure, signal))) last.add(key);
    let left = open.size > last.size;
    for await (const removal of this.parts.registry.removals(signal)) {
      const key = personKey(removal);
      const done = open.has(key) ? last.has(key) : await this.#without(removal, signal);
      await this.#delete(removal, done, signal);
      left ||= !done;
    }
    for (const key of last) {
      await this.#complete(open.get(key), signal);
      open.delete(key);
    }
    return left;
  }

  /** Those that are not completed, each masked and begun. */
  async #open(signal: AbortSignal): Promise<Map<string, Erasure>> {
    const open = new Map<string, Erasure>();
    for await (const erasure of this.parts.registry.openErasures(signal)) open.set(personKey(erasure), erasure);
    this.#known = open;
    // First, as the rest needs messaging, and a replica that is cut off from it counts as gone before long: it must not go on naming them.
    for (const { storageId, personId } of open.values()) this.parts.mask(storageId, personId);
    for (const [key, erasure] of open) {
      await this.#begin(erasure, signal);
      open.set(key, await this.#mask(erasure, signal));
    }
    return open;
  }

  /** Masks, and has a version trained without: a crash after the erasure was written may have left that to us. */
  async #begin(erasure: Erasure, signal?: AbortSignal): Promise<void> {
    const { storageId, personId, requestedAt } = erasure;
    await this.#projector.erase(storageId, personId, requestedAt, signal);
    const key = personKey(erasure);
    if (this.#begun.has(key)) return;
    await this.#count(storageId, signal);
    await this.parts.messaging.commands.send({ v: 1, id: `erased.${storageId}.${personId}`, kind: 'erased', storageId, personId }, signal);
    this.#begun.add(key);
  }

  async #count(storageId: string, signal?: AbortSignal): Promise<number> {
    const counter = await this.parts.registry.bumpCounter(storageId, signal);
    this.parts.cutter.noticed(storageId);
    return counter;
  }

  async #mask(erasure: Erasure, signal?: AbortSignal): Promise<Erasure> {
    const { storageId, personId } = erasure;
    if (erasure.maskedAt !== null || !(await this.#masks.masked(storageId, personId, signal))) return erasure;
    return (await this.parts.registry.advanceErasure(storageId, personId, { maskedAt: this.#now() }, signal)) ?? erasure;
  }

  /** The controller says so once no version, snapshot or run that is stored can hold the person. */
  async #versionsGone({ storageId, personId }: Erasure, signal: AbortSignal): Promise<boolean> {
    const state = await this.parts.messaging.models.get(storageId, signal);
    return state?.value.erased.includes(personId) ?? false;
  }

  /** Whether nothing will be made with the photo any more. */
  async #without(removal: PhotoRemoval, signal: AbortSignal): Promise<boolean> {
    const key = photoKey(removal);
    if (this.#removing.has(key)) return false;
    // Whoever removed it may have ended before it was counted, and only what is counted gets a snapshot.
    if (!this.#counted.has(key)) await this.#count(removal.storageId, signal);
    this.#counted.add(key);
    return this.#settled(removal, signal);
  }

  /** A run that reads the photo may still write what it computed from it. */
  async #settled({ storageId, removedAt }: PhotoRemoval, signal: AbortSignal): Promise<boolean> {
    if (this.parts.clock.now().getTime() < Date.parse(removedAt) + SETTLED_AFTER_MS) return false;
    const state = await this.parts.messaging.models.get(storageId, signal);
    return state?.value.training.run === null;
  }

  async #delete(removal: PhotoRemoval, done: boolean, signal: AbortSignal): Promise<void> {
    const key = photoKey(removal);
    if (done || !this.#deleted.has(key)) {
      await this.#photos.delete(removal, signal);
      this.#deleted.add(key);
    }
    if (!done) return;
    await this.parts.registry.removalDone(removal, signal);
    this.#deleted.delete(key);
    this.#counted.delete(key);
  }

  async #complete(erasure: Erasure | undefined, signal: AbortSignal): Promise<void> {
    if (!erasure) return;
    const { registry, messaging, logger } = this.parts;
    const { storageId, personId } = erasure;
    await this.#photos.deleteRowless({ storageId, id: personId }, signal);
    const completedAt = this.#now();
    await this.#projector.forget(storageId, personId, signal);
    await messaging.events.publish(erasedEvent({ ...erasure, completedAt }), signal);
    // Last, as nobody comes back to what is completed; the two before may be done again.
    await registry.advanceErasure(storageId, personId, { completedAt }, signal);
    this.#begun.delete(personKey(erasure));
    logger.info('a person is erased', { storageId, personId });
  }

  #now(): string {
    return this.parts.clock.now().toISOString();
  }
}

function personKey({ storageId, personId }: Pick<Erasure, 'storageId' | 'personId'>): string {
  return `${storageId}/${personId}`;
}

function photoKey(removal: PhotoRemoval): string {
  return `${personKey(removal)}/${removal.sha256}`;
}

function erasedEvent({ storageId, personId, requestedAt, maskedAt, completedAt, photos }: Erasure) {
  return {
    specversion: '1.0' as const,
    id: `${storageId}.person.erased.${personId}`,
    source: 'facehash/inference',
    type: 'dev.facehash.person.erased',
    subject: storageId,
    time: completedAt ?? requestedAt,
    datacontenttype: 'application/json' as const,
    data: { personId, requestedAt, maskedAt, completedAt, photos },
  };
}
