import { deadline, type Clock, type Logger } from '@facehash/kernel';
import type { Gone } from '@facehash/lifecycle';
import type { KvBucket, ModelState, PeopleProjection } from '@facehash/messaging-core';
import { removeAll, type ObjectStore } from '@facehash/object-store-core';
import { settled, waiting, type EventNote, type Outcome } from '@facehash/operator-runtime';
import type { TrainingRunner } from '@facehash/reconciler';
import { deletionStep, type DeletionOutcome, type DeletionStep, type ObservedDeletion, type Presence } from './deletion-step.js';
import { noteAbout, storageIdOfView, type FaceModelView, type Recording } from './face-model-view.js';
import { hasFinalizer, type Finalizer } from './finalizer.js';
import { annotations } from './names.js';

/** Pods, Services and the like that serve one model alone. */
export interface OwnWorkloads {
  present(storageId: string, signal: AbortSignal): Promise<boolean>;
  remove(storageId: string, signal: AbortSignal): Promise<void>;
}

export interface DeletionParts {
  readonly finalizer: Pick<Finalizer, 'show' | 'remove'>;
  readonly publishTombstone: (gone: Gone, signal: AbortSignal) => Promise<void>;
  readonly models: Pick<KvBucket<ModelState>, 'get'>;
  readonly people: Pick<KvBucket<PeopleProjection>, 'get'>;
  readonly objects: Pick<ObjectStore, 'list' | 'remove'>;
  readonly runner: Pick<TrainingRunner, 'runs' | 'cancel'>;
  readonly workloads: OwnWorkloads;
  /** Whether the storage id is this model's, and not that of another FaceModel which is older. */
  readonly ownsStorage: (object: FaceModelView) => boolean;
  readonly record: Recording;
  /** Called when a model is let go: what is remembered of it may go, too. */
  readonly onGone?: (uid: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** After which the object is let go whatever is left. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 600_000;
/** A store that does not answer must not hold the others up. */
const LOOK_MS = 10_000;
const ACT_MS = 30_000;
/** Less, so that it is known how far that came. */
const REMOVE_MS = 20_000;
const RETRY_MS = 2000;

/** The end of a FaceModel: looks at what is left, does the next thing, and lets the object go. Everything may be done again. */
export class Deletion {
  constructor(private readonly parts: DeletionParts) {}

  /** Rejects when the object could not be let go, with `conflict` where somebody changed it meanwhile; whatever else fails is tried again. */
  async proceed(object: FaceModelView, signal: AbortSignal): Promise<Outcome> {
    if (!hasFinalizer(object.metadata)) return settled;
    const observed = await this.#observe(object, signal);
    signal.throwIfAborted();
    const step = deletionStep(observed);
    switch (step.kind) {
      case 'nothing':
        return settled;
      case 'release':
        return this.#release(object, step.outcome, signal);
      case 'giveUp':
        return this.#giveUp(object, step.left, signal);
      case 'wait':
        return waiting(step.againAfterMs, step.why);
      default:
        return this.#act(object, step, signal);
    }
  }

  async #observe(object: FaceModelView, signal: AbortSignal): Promise<ObservedDeletion> {
    const { models, people, objects, runner, workloads, ownsStorage, clock, deadlineMs = DEADLINE_MS } = this.parts;
    const storageId = storageIdOfView(object);
    const look = deadline(LOOK_MS, signal);
    const keep = isKept(object);
    const [tombstone, workload, names, stored] = await Promise.all([
      this.#find('state', async () => saysItIsGone(await models.get(storageId, look), keep)),
      this.#find('workloads', () => workloads.present(storageId, look)),
      this.#find('names', async () => (await people.get(storageId, look)) !== undefined),
      this.#find('objects', () => anyOf(objects.list(`${storageId}/`, look))),
    ]);
    return {
      now: clock.now(),
      deletedAt: new Date(object.metadata.deletionTimestamp ?? clock.now()),
      deadlineMs,
      finalizer: hasFinalizer(object.metadata),
      ownsStorage: ownsStorage(object),
      keep,
      tombstone: tombstone === 'unknown' ? tombstone : tombstone === 'some' ? 'published' : 'missing',
      runs: runner.runs().flatMap(({ spec }) => (spec.storageId === storageId ? [spec.run] : [])),
      workloads: workload,
      names,
      objects: stored,
    };
  }

  /** That one store is away must not keep the others from being looked at. */
  async #find(what: string, ask: () => Promise<boolean>): Promise<Presence> {
    try {
      return (await ask()) ? 'some' : 'none';
    } catch (error) {
      this.parts.logger.warn('it cannot be found out what is left of a deleted model', { what, error });
      return 'unknown';
    }
  }

  async #act(
    object: FaceModelView,
    step: Extract<DeletionStep, { readonly kind: 'publishTombstone' | 'cancelRuns' | 'removeWorkloads' }>,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const within = deadline(ACT_MS, signal);
    try {
      if (step.kind === 'publishTombstone') await this.#begin(object, within);
      if (step.kind === 'cancelRuns') for (const run of step.runs) await this.parts.runner.cancel(run);
      if (step.kind === 'removeWorkloads') await this.parts.workloads.remove(storageIdOfView(object), within);
      return waiting(0, `${step.kind} is done`);
    } catch (error) {
      signal.throwIfAborted();
      this.parts.logger.warn('a step of a deletion failed and will be taken again', { ...nameOf(object), step: step.kind, error });
      return waiting(RETRY_MS, `${step.kind} failed`);
    }
  }

  async #begin(object: FaceModelView, signal: AbortSignal): Promise<void> {
    await this.#tell(object, signal);
    this.#note(object, { type: 'Normal', reason: 'Deleting', note: 'its keys are refused from now on' });
    await this.parts.finalizer.show(object, signal);
  }

  async #tell(object: FaceModelView, signal: AbortSignal): Promise<void> {
    const { name, namespace } = nameOf(object);
    await this.parts.publishTombstone({ storageId: storageIdOfView(object), namespace, name, keep: isKept(object) }, signal);
  }

  /** Each as far as it goes. While objects go, they go on going. */
  async #giveUp(object: FaceModelView, left: readonly string[], signal: AbortSignal): Promise<Outcome> {
    const { runner, workloads, logger } = this.parts;
    const storageId = storageIdOfView(object);
    const runs = runner.runs().filter(({ spec }) => spec.storageId === storageId);
    const within = deadline(ACT_MS, signal);
    const tries = [
      this.#tell(object, within),
      ...runs.map(({ spec }) => runner.cancel(spec.run)),
      workloads.remove(storageId, within),
      ...(isKept(object) ? [] : [this.#removeObjects(storageId, deadline(REMOVE_MS, signal))]),
    ];
    const ended = await settledWithin(tries, within);
    signal.throwIfAborted();
    const progress = ended.some((one) => one.status === 'rejected' && one.reason instanceof NotAllYet);
    if (progress) return waiting(0, 'its objects are being removed');
    const failed = ended.filter((one) => one.status === 'rejected');
    for (const { reason: error } of failed) logger.error('a step of a deletion failed at its deadline', { ...nameOf(object), error });
    const note = `it is let go at its deadline; what may be left: ${left.join('; ')}; replicas erase what they reach, also later`;
    this.#note(object, { type: 'Warning', reason: 'ErasureIncomplete', note });
    logger.error('a deleted model is let go although something of it may be left', { ...nameOf(object), left });
    return this.#letGo(object, signal);
  }

  async #letGo(object: FaceModelView, signal: AbortSignal): Promise<Outcome> {
    await this.parts.finalizer.remove(object, signal);
    this.parts.onGone?.(object.metadata.uid ?? '');
    return settled;
  }

  async #removeObjects(storageId: string, signal: AbortSignal): Promise<void> {
    const { objects } = this.parts;
    let removed = 0;
    const counting = {
      list: objects.list.bind(objects),
      remove: async (key: string) => {
        await objects.remove(key, signal);
        removed++;
      },
    };
    try {
      await removeAll(counting, `${storageId}/`, signal);
    } catch (error) {
      throw signal.aborted && removed > 0 ? new NotAllYet() : error;
    }
  }

  async #release(object: FaceModelView, outcome: DeletionOutcome, signal: AbortSignal): Promise<Outcome> {
    this.#note(object, { type: 'Normal', ...receipts[outcome] });
    this.parts.logger.info('a deleted model is let go', { ...nameOf(object), storageId: storageIdOfView(object), outcome });
    return this.#letGo(object, signal);
  }

  #note(object: FaceModelView, words: Pick<EventNote, 'type' | 'reason' | 'note'>): void {
    this.parts.record(noteAbout(object, { ...words, action: 'Delete' }));
  }
}

/** The time was over while objects were being removed. */
class NotAllYet extends Error {}

const receipts: Readonly<Record<DeletionOutcome, Pick<EventNote, 'reason' | 'note'>>> = {
  erased: { reason: 'Erased', note: 'no photo, no name and no version of it is stored any more' },
  kept: {
    reason: 'DataKept',
    note: 'what is stored of it stays, as facehash.dev/keep asks for; a FaceModel with its storage id takes it over',
  },
  notOurs: { reason: 'DataKept', note: 'what is stored under its storage id is another FaceModel’s and stays' },
};

function isKept({ metadata }: FaceModelView): boolean {
  return metadata.annotations?.[annotations.keep] === 'true';
}

function saysItIsGone(entry: { readonly value: ModelState } | undefined, keep: boolean): boolean {
  return entry?.value.tombstone === true && entry.value.keep === keep;
}

async function anyOf(found: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of found) return true;
  return false;
}

/** How each ended, those that take longer than the signal lasts as failed. */
function settledWithin(tries: readonly Promise<unknown>[], signal: AbortSignal): Promise<readonly PromiseSettledResult<unknown>[]> {
  const over = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  over.catch(() => undefined);
  return Promise.allSettled(tries.map((one) => Promise.race([one, over])));
}

function nameOf({ metadata: { name, namespace = '' } }: FaceModelView): { readonly name: string; readonly namespace: string } {
  return { name, namespace };
}
