import { storageIdOf, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import { hasCode, type Logger, type Random } from '@facehash/kernel';
import { happenings, type Gone, type Happening } from '@facehash/lifecycle';
import { settled, terminal, waiting, type EventNote, type Outcome, type Watched } from '@facehash/operator-runtime';
import { Reconciler, type Asked, type PassOutcome, type ReconcileParts } from '@facehash/reconciler';
import type { KeyFacts } from './api-keys.js';
import { storageIdIn, type CachedFaceModel } from './cached-face-model.js';
import { eventOf, noteOn } from './happening-events.js';
import type { WorkloadsFacts } from './dedicated-workloads.js';
import type { Deletion } from './deletion.js';
import type { Outage } from './outage.js';
import type { OwnWrites } from './own-writes.js';
import type { StatusWriter } from './status-writer.js';
import { specTrouble, storageTrouble, withKeyTrouble, withTrouble, withWorkloadsTrouble, type Trouble } from './trouble.js';

export interface FaceModelReconcilerParts extends Omit<ReconcileParts, 'writeStatus' | 'isDeleted'> {
  readonly models: Pick<Watched<CachedFaceModel>, 'get' | 'byIndex'>;
  readonly ownWrites: OwnWrites;
  readonly statusWriter: Pick<StatusWriter, 'write'>;
  readonly keys: { ensure(object: CachedFaceModel, signal: AbortSignal): Promise<KeyFacts> };
  /** Makes sure that the model is not gone before what was made for it. True when it had to write, and a newer object is on its way. */
  readonly finalizer: { ensure(object: CachedFaceModel, signal: AbortSignal): Promise<boolean> };
  /** Its end: made with what it needs to tell everybody. */
  readonly deletion: (publishTombstone: (gone: Gone, signal: AbortSignal) => Promise<void>) => Pick<Deletion, 'proceed'>;
  /** Other objects that the model needs, such as workloads of its own. */
  readonly workloads: { ensure(object: CachedFaceModel, model: StoredFaceModel, signal: AbortSignal): Promise<WorkloadsFacts> };
  readonly runs: RunDesk;
  /** What commands brought. */
  readonly asked: Asked;
  readonly record: (note: EventNote) => void;
  /** Is told of everything that was written down, once, to count it. */
  readonly happened?: (happening: Happening) => void;
  readonly outage: Outage;
  readonly random: Random;
  readonly logger: Logger;
}

/** While a store is away. */
const OUTAGE_MS = 5_000;
/** Somebody else wrote: what they wrote is on its way here. */
const CONFLICT_MS = 250;

/** Where runs stand in line, and where what they have begun is looked after. */
export interface RunDesk {
  /** Before anything is decided. Resolves to when it has to be called again if nothing changes, null: never. */
  tend(storageId: string, signal: AbortSignal): Promise<number | null>;
  /** Says whether the model waits for a run to begin. */
  waits(model: StoredFaceModel, status: FaceModelStatus): void;
  facts(storageId: string): { readonly jobName: string | null; readonly queuePosition: number | null };
}

/** A wish for a run is renewed within this; whose turn it is, is called. */
const WAITING_MS = 30_000;

interface Found {
  readonly object: CachedFaceModel;
  readonly keys: KeyFacts;
}

interface UnderWay extends Found {
  readonly workloads: WorkloadsFacts;
}

/** Index of the cache of models. */
export const BY_STORAGE_ID = 'storageId';

/** One FaceModel: its end first, then what stands in the way, then its key, and then the same pass as on one machine. */
export class FaceModelReconciler {
  readonly #reconciler: Reconciler;
  /** By uid: one worker has a key at a time. */
  readonly #underWay = new Map<string, UnderWay>();
  readonly #deletion: Pick<Deletion, 'proceed'>;

  constructor(private readonly parts: FaceModelReconcilerParts) {
    this.#reconciler = new Reconciler({
      ...parts,
      isDeleted: (storageId) => !this.#lives(storageId),
      writeStatus: (model, status, signal) => this.#writeStatus(model, status, signal),
    });
    this.#deletion = parts.deletion((gone, signal) => this.#reconciler.publishTombstone(gone, signal));
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Outcome> {
    const { outage, random } = this.parts;
    try {
      const outcome = await this.#look(key, signal);
      outage.worked();
      return outcome;
    } catch (error) {
      this.#askedAgain(key, error);
      if (outage.isWhy(error)) return waiting(OUTAGE_MS * (0.5 + random.next()), 'a store does not answer');
      if (hasCode(error, 'CONFLICT')) return waiting(CONFLICT_MS * (0.5 + random.next()), 'somebody else wrote at the same time');
      throw error;
    }
  }

  async #look(key: string, signal: AbortSignal): Promise<Outcome> {
    const cached = this.parts.models.get(key);
    if (!cached) return settled;
    const object = this.parts.ownWrites.newest(cached);
    const storageId = storageIdIn(object) ?? '';
    const taken = storageTrouble(object, this.parts.models.byIndex(BY_STORAGE_ID, storageId));
    const ended = this.#endOf(object, specTrouble(object) ?? taken, signal);
    // Nothing that was asked for will be recorded; of two with one storage id that is for the elder to say.
    if (ended && !taken) this.parts.asked.refuse(storageId);
    if (ended) return ended;
    // Its change comes back as an event.
    if (await this.parts.finalizer.ensure(object, signal)) return settled;
    const keys = await this.parts.keys.ensure(object, signal);
    if (keys.trouble) this.#warn(object, keys.trouble);
    return this.#pass({ object, keys }, signal);
  }

  /** Undefined where neither its deletion nor trouble ends the look. */
  #endOf(object: CachedFaceModel, trouble: Trouble | undefined, signal: AbortSignal): Promise<Outcome> | undefined {
    if (object.metadata.deletionTimestamp !== undefined) return this.#deletion.proceed(object, signal);
    return trouble && this.#stuck(object, trouble, signal);
  }

  async #pass(found: Found, signal: AbortSignal): Promise<Outcome> {
    const model = storedModel(found);
    if (!model) return settled;
    const asked = this.parts.asked.of(storageIdOf(model));
    const workloads = await this.parts.workloads.ensure(found.object, model, signal);
    if (workloads.trouble) this.#warn(found.object, workloads.trouble);
    this.#underWay.set(model.uid, { ...found, workloads });
    try {
      const tendAgainMs = await this.parts.runs.tend(storageIdOf(model), signal);
      const outcome = await this.#reconciler.pass(model, asked?.wish ?? {}, signal);
      asked?.recorded();
      return this.#outcome(model, outcome, [workloads.againMs, tendAgainMs]);
    } finally {
      this.#underWay.delete(model.uid);
    }
  }

  async #writeStatus(model: StoredFaceModel, status: FaceModelStatus, signal: AbortSignal): Promise<boolean> {
    const { statusWriter, runs, record } = this.parts;
    const underWay = this.#underWay.get(model.uid);
    if (!underWay) return false;
    const { object, keys, workloads } = underWay;
    const told = withKeyTrouble(withWorkloadsTrouble(status, workloads.trouble), keys);
    runs.waits(model, status);
    const facts = { ...runs.facts(storageIdOf(model)), apiKey: keys.status };
    const written = await statusWriter.write(object, { status: told, facts }, signal);
    if (!written) return false;
    for (const happening of happenings(object.known, status)) {
      record(eventOf(object, happening));
      this.parts.happened?.(happening);
    }
    return true;
  }

  /** What commands have brought is remembered; they need not wait for it here. */
  #askedAgain(key: string, error: unknown): void {
    const object = this.parts.models.get(key);
    if (object) this.parts.asked.failed(storageIdIn(object) ?? '', error);
  }

  #outcome(model: StoredFaceModel, outcome: PassOutcome, againMs: readonly (number | null)[]): Outcome {
    if (outcome === 'again') return waiting(0, 'something was changed: the next step follows');
    const { queuePosition } = this.parts.runs.facts(storageIdOf(model));
    // Called when its turn comes, so that thousands that wait need not ask every second.
    const dueMs = outcome !== 'settled' && queuePosition !== null && queuePosition > 0 ? WAITING_MS : outcome;
    const times = [dueMs === 'settled' ? null : dueMs, ...againMs].filter((ms) => ms !== null);
    return times.length === 0 ? settled : waiting(Math.min(...times), 'something is due by then');
  }

  /** Nothing but a change of the resource, or of the other one that is in the way, can help. */
  async #stuck(object: CachedFaceModel, trouble: Trouble, signal: AbortSignal): Promise<Outcome> {
    const facts = { jobName: null, queuePosition: null, apiKey: object.status?.apiKey ?? null };
    const written = await this.parts.statusWriter.write(object, { status: withTrouble(object, trouble), facts }, signal);
    if (written) this.#warn(object, trouble);
    return terminal(trouble.message);
  }

  #warn(object: CachedFaceModel, { reason, message }: Trouble): void {
    this.parts.record({ ...noteOn(object, { type: 'Warning', reason, action: 'Reconcile' }), note: message });
  }

  #lives(storageId: string): boolean {
    return this.parts.models.byIndex(BY_STORAGE_ID, storageId).some(({ metadata }) => metadata.deletionTimestamp === undefined);
  }
}

/** As the lifecycle knows models; undefined where the spec cannot be read. */
function storedModel({ object, keys }: Found): StoredFaceModel | undefined {
  const { metadata, spec, known } = object;
  if (!spec) return undefined;
  return {
    uid: metadata.uid ?? '',
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    generation: metadata.generation ?? 1,
    spec,
    apiKeyHashes: keys.apiKeyHashes,
    oldKeyValidUntil: keys.oldKeyValidUntil,
    status: known,
    createdAt: metadata.creationTimestamp ?? '',
  };
}
