import { encodeDocument, layout } from '@facehash/artifacts';
import { storageIdOf, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import { canonicalJson, FaceHashError, type Clock, type Logger } from '@facehash/kernel';
import {
  happenings,
  keyExpiryInMs,
  plan,
  publishedState,
  tombstoneOf,
  type Gone,
  type Observed,
  type Restart,
  type Step,
} from '@facehash/lifecycle';
import type { FaceHashEvent, KvEntry, Messaging, ModelState } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import { gather, type Gathered } from './gather.js';
import type { TrainingRunner } from './ports.js';
import type { ReplicaBoard } from './replica-board.js';
import { sweep } from './sweep.js';
import { newestTerm } from './term.js';

export interface ReconcileParts {
  readonly objects: ObjectStore;
  readonly messaging: Pick<Messaging, 'models' | 'people' | 'events'>;
  readonly runner: Pick<TrainingRunner, 'start' | 'runs' | 'cancel' | 'forget'>;
  readonly replicas: Pick<ReplicaBoard, 'of'>;
  /** Writes the status down where it differs from what is there; resolves to whether it did. */
  readonly writeStatus: (model: StoredFaceModel, status: FaceModelStatus, signal: AbortSignal) => Promise<boolean>;
  /** Whether one more run, of this model, may start now. */
  readonly slotFree: (storageId: string) => boolean;
  /** Names of the training profiles that a model may ask for. Left out, all are trained in one way. */
  readonly profiles?: () => readonly string[];
  /** How far the pods are that are restarted for a version; null: it waits for that. Left out, nobody restarts pods. */
  readonly restartOf?: (storageId: string, version: string) => Restart | null;
  /** Address of replicas that are there for the model alone, or null; `before` is what replicas were told last. Left out, there are none. */
  readonly routeTo?: (observed: Observed, before: string | null) => string | null;
  /** Whether the model was deleted in the meantime: a pass that began before must not bring it back. */
  readonly isDeleted: (storageId: string) => boolean;
  /** Orders this controller's publications after those of its predecessors: see `takeTerm`. */
  readonly term: () => number;
  /** Called when a controller of a later term has published: this one may do nothing more. */
  readonly succeeded: (term: number) => void;
  readonly pipeline: string;
  /** Names the controller in its events. */
  readonly source: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Published = KvEntry<ModelState> | undefined;

/** `again`: the pass changed something, look at once; a number: look after that many ms; `settled`: nothing until something changes. */
export type PassOutcome = 'again' | 'settled' | number;

/** One pass over one model: gather, plan, act, write the status once, publish, and only then forget an ended run. */
export class Reconciler {
  #sequence = 0;
  /** By storage id: what a status says that was written, and nobody has been told yet. The status alone would not bring it up again. */
  readonly #untold = new Map<string, readonly FaceHashEvent[]>();

  constructor(private readonly parts: ReconcileParts) {}

  /** `asked`: what commands have brought since the last pass. It is recorded when this resolves. Rejects with CONFLICT when another controller took over. */
  async pass(model: StoredFaceModel, asked: Pick<Observed, 'activate'>, signal: AbortSignal): Promise<PassOutcome> {
    // Side by side, as each waits for a store; nothing is done about what was gathered unless this controller may.
    const [published, gathered] = await Promise.all([this.#published(storageIdOf(model), signal), this.#gather(model, asked, signal)]);
    const decided = plan(gathered.observed);
    if (decided.step) await this.#act(decided.step, gathered, signal);
    const changed = await this.parts.writeStatus(model, decided.status, signal);
    const route = this.#routeTo(gathered.observed, published);
    if (changed) this.#untold.set(storageIdOf(model), [...this.#untoldOf(model), ...this.#eventsOf(model, decided.status)]);
    // First, so that whoever hears of something finds it there.
    await this.#publish(model, { status: decided.status, published, route }, signal);
    await this.#announce(model, signal);
    if (decided.forgetRun !== null) await this.parts.runner.forget(decided.forgetRun);
    return outcomeOf(decided, gathered.observed);
  }

  /** The model is gone: every replica forgets it and its keys. */
  async publishTombstone(deleted: Gone, signal: AbortSignal): Promise<void> {
    const { storageId } = deleted;
    this.#untold.delete(storageId);
    await this.#put(await this.#published(storageId, signal), { key: storageId, make: (fence) => tombstoneOf(deleted, fence) }, signal);
  }

  /** After a start: where a pass cannot decide, because something in the store is damaged, what was known keeps the key answering. */
  async publishKnown(model: StoredFaceModel | undefined, signal: AbortSignal): Promise<void> {
    if (!model?.status) return;
    const published = await this.#published(storageIdOf(model), signal);
    if (!published) await this.#publish(model, { status: model.status, published, route: null }, signal);
  }

  #routeTo(observed: Observed, published: Published): string | null {
    return this.parts.routeTo?.(observed, published?.value.route ?? null) ?? null;
  }

  async #gather(model: StoredFaceModel, asked: Pick<Observed, 'activate'>, signal: AbortSignal): Promise<Gathered> {
    const { objects, messaging, runner, replicas, pipeline, profiles, slotFree, clock } = this.parts;
    const storageId = storageIdOf(model);
    const people = await messaging.people.get(storageId, signal);
    // Read after what may wait: the runs are those of the moment in which the rest is read.
    const runs = runner.runs(storageId);
    const known = {
      ...asked,
      now: clock.now(),
      model,
      pipeline,
      run: runs.find((r) => r.spec.storageId === storageId) ?? null,
      ...(profiles ? { profiles: profiles() } : {}),
      runSlotFree: slotFree(storageId),
      replicas: replicas.of(storageId, { dedicated: model.spec.serving.mode === 'Dedicated' }),
      erasing: new Map(Object.entries(people?.value.tombstones ?? {})),
      ...this.#restart(model),
    };
    return gather(objects, known, signal);
  }

  #restart(model: StoredFaceModel): Pick<Observed, 'restart'> {
    const { restartOf } = this.parts;
    if (!restartOf) return {};
    const version = model.status?.rollout?.version.name;
    return { restart: version === undefined ? null : restartOf(storageIdOf(model), version) };
  }

  async #act(step: Step, { observed, activeRevision }: Gathered, signal: AbortSignal): Promise<void> {
    const { runner, objects, logger } = this.parts;
    const storageId = storageIdOf(observed.model);
    // Again, as this process may have been stopped since: what a successor has made meanwhile must not be swept away.
    await this.#published(storageId, signal);
    switch (step.kind) {
      case 'startRun':
        logger.info('training run starts', { model: observed.model.name, run: step.spec.run, snapshot: step.spec.snapshot });
        return runner.start(step.spec);
      case 'cancelRun':
        logger.info('training run is cancelled', { model: observed.model.name, run: step.run });
        return runner.cancel(step.run);
      case 'activate': {
        const revision = await objects.replace(layout.active(storageId), encodeDocument(step.pointer), activeRevision, signal);
        if (revision === undefined) throw new FaceHashError('CONFLICT', { key: layout.active(storageId) });
        logger.info('version is active', { model: observed.model.name, version: step.pointer.version, snapshot: step.pointer.snapshot });
        return;
      }
      case 'deactivate':
        logger.info('no version is active any more', { model: observed.model.name, version: observed.active?.version });
        return objects.remove(layout.active(storageId), signal);
      case 'sweep':
        return sweep({ objects, storageId, stillOurs: (during) => this.#withoutSuccessor(during) }, step.keep, signal);
    }
  }

  /** Publishes only what differs, so that a settled model costs no message. */
  async #publish(
    model: StoredFaceModel,
    { status, published, route }: { readonly status: FaceModelStatus; readonly published: Published; readonly route: string | null },
    signal: AbortSignal,
  ): Promise<void> {
    const now = this.parts.clock.now();
    const make = (fence: ModelState['fence']): ModelState => publishedState(model, status, { fence, now, route });
    await this.#put(published, { key: storageIdOf(model), make }, signal);
  }

  /** A controller that has a successor must neither decide nor publish any more. */
  async #published(key: string, signal: AbortSignal): Promise<Published> {
    const entry = await this.parts.messaging.models.get(key, signal);
    const newest = entry?.value.fence.term ?? 0;
    const term = this.parts.term();
    if (newest <= term) return entry;
    this.parts.succeeded(newest);
    throw new FaceHashError('CONFLICT', { key, term, successor: newest });
  }

  /** By the term that it took, which a successor does before it does anything else. */
  async #withoutSuccessor(signal: AbortSignal): Promise<void> {
    const newest = await newestTerm(this.parts.objects, signal);
    const term = this.parts.term();
    if (newest <= term) return;
    this.parts.succeeded(newest);
    throw new FaceHashError('CONFLICT', { term, successor: newest });
  }

  async #put(
    before: Published,
    { key, make }: { readonly key: string; readonly make: (fence: ModelState['fence']) => ModelState },
    signal: AbortSignal,
  ): Promise<void> {
    const { messaging } = this.parts;
    const term = this.parts.term();
    const state = make(before?.value.fence ?? { term, sequence: 0 });
    if (before && canonicalJson(before.value) === canonicalJson(state)) return;
    // Looked at last, as the model may have been deleted while its state was being read.
    if (!state.tombstone && this.parts.isDeleted(key)) throw new FaceHashError('CONFLICT', { key });
    this.#sequence++;
    const fence = { term, sequence: this.#sequence };
    const revision = await messaging.models.put(key, { ...state, fence }, before?.revision ?? null, signal);
    if (revision === undefined) throw new FaceHashError('CONFLICT', { key });
  }

  #untoldOf(model: StoredFaceModel): readonly FaceHashEvent[] {
    return this.#untold.get(storageIdOf(model)) ?? [];
  }

  async #announce(model: StoredFaceModel, signal: AbortSignal): Promise<void> {
    // One that was told and comes again is known by its id.
    for (const event of this.#untoldOf(model)) await this.parts.messaging.events.publish(event, signal);
    this.#untold.delete(storageIdOf(model));
  }

  #eventsOf(model: StoredFaceModel, status: FaceModelStatus): readonly FaceHashEvent[] {
    const subject = storageIdOf(model);
    const time = this.parts.clock.now().toISOString();
    return happenings(model.status, status).map(({ type, key, data }) => ({
      specversion: '1.0',
      id: `${subject}.${type}.${key}`,
      source: this.parts.source,
      type,
      subject,
      time,
      datacontenttype: 'application/json',
      data,
    }));
  }
}

function outcomeOf({ step, forgetRun, status, againAfterMs }: ReturnType<typeof plan>, { model, now }: Observed): PassOutcome {
  if (step !== null || forgetRun !== null || movedOn(model.status, status)) return 'again';
  return soonest(againAfterMs, keyExpiryInMs(model, now)) ?? 'settled';
}

/** Whether the decision itself moved something that the next pass decides from; mere progress of a run does not. */
function movedOn(before: FaceModelStatus | null, after: FaceModelStatus): boolean {
  return (
    canonicalJson([before?.rollout ?? null, before?.training.lastFailure ?? null, before?.quarantined ?? []]) !==
    canonicalJson([after.rollout, after.training.lastFailure, after.quarantined])
  );
}

function soonest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
