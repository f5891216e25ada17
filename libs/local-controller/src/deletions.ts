import type { DeletedFaceModel, FaceModelRepository } from '@facehash/facemodel';
import type { Clock, Logger } from '@facehash/kernel';
import type { TrainingRunner } from '@facehash/reconciler';

export interface DeletionParts {
  readonly models: Pick<FaceModelRepository, 'deleted' | 'forget'>;
  readonly runner: Pick<TrainingRunner, 'runs' | 'cancel'>;
  /** Erases all that is stored of a model, safe to repeat. What a call that is under way writes meanwhile may stay. */
  readonly erase: (storageId: string, signal: AbortSignal) => Promise<void>;
  /** The longest that a call or a pass may go on that began before the model was known to be deleted. */
  readonly lastSweepAfterMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** When this process told everybody that the model is gone, and whether it has swept since. */
interface Progress {
  readonly saidAt: number;
  readonly swept: boolean;
}

/**
 * The way of a deleted model: said → swept → swept again when nothing that began before can be under way → forgotten. All that is
 * remembered between the steps is in this process; another one begins again, which costs a sweep.
 */
export class Deletions {
  #known: readonly DeletedFaceModel[] = [];
  readonly #progress = new Map<string, Progress>();

  constructor(private readonly parts: DeletionParts) {}

  isDeleted(storageId: string): boolean {
    return this.#known.some((deleted) => deleted.storageId === storageId);
  }

  /** Reads which models are deleted, and says so of each for whom nobody has. */
  async refresh(say: (deleted: DeletedFaceModel) => Promise<void>): Promise<void> {
    this.#known = await this.parts.models.deleted();
    for (const deleted of this.#known) {
      if (this.#progress.has(deleted.uid)) continue;
      await say(deleted);
      this.#progress.set(deleted.uid, { saidAt: this.parts.clock.now().getTime(), swept: false });
    }
  }

  /** Does what is due, for all that it can; rejects when something of it failed. */
  async work(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    for (const deleted of this.#known) {
      try {
        await this.#proceed(deleted, signal);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not every deleted model could be erased');
  }

  async #proceed(deleted: DeletedFaceModel, signal: AbortSignal): Promise<void> {
    const progress = this.#progress.get(deleted.uid);
    if (!progress) return;
    const last = this.parts.clock.now().getTime() - progress.saidAt >= this.parts.lastSweepAfterMs;
    if (progress.swept && !last) return;
    await this.#sweep(deleted, signal);
    this.#progress.set(deleted.uid, { ...progress, swept: true });
    if (last) await this.#forget(deleted);
  }

  async #sweep({ storageId, name }: DeletedFaceModel, signal: AbortSignal): Promise<void> {
    const { runner, erase, logger } = this.parts;
    for (const { spec } of runner.runs()) if (spec.storageId === storageId) await runner.cancel(spec.run);
    await erase(storageId, signal);
    logger.info('what was stored of a deleted model is erased', { model: name, storageId });
  }

  async #forget({ uid }: DeletedFaceModel): Promise<void> {
    await this.parts.models.forget(uid);
    this.#known = this.#known.filter((deleted) => deleted.uid !== uid);
    this.#progress.delete(uid);
  }
}
