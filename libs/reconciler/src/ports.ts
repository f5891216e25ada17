import type { RunOutcome, RunProgress, RunSpec } from '@facehash/artifacts';

export interface ObservedRun {
  readonly spec: RunSpec;
  readonly startedAt: Date;
  /** The newest progress, undefined before the first. */
  readonly progress?: RunProgress;
  /** Why it does not begin, for a person; absent once it has, and where nothing is in its way. */
  readonly waitingFor?: string;
  /** Present once the run has ended, and until it is forgotten. */
  readonly outcome?: RunOutcome;
}

/** Runs the trainer: on one machine in child processes, in a cluster in Jobs. */
export interface TrainingRunner {
  /** Starts a run, unless one of this name is known already. Rejects with TRAINING_FAILED when it cannot be started. */
  start(spec: RunSpec): Promise<void>;
  /** Every run that was started and not forgotten. Who knows very many may leave those of other models out where one is named. */
  runs(storageId?: string): readonly ObservedRun[];
  /** Ends a run without an outcome. Resolves when nothing of it runs any more, or nothing that could publish. */
  cancel(run: string): Promise<void>;
  /** Drops an ended run: its outcome has been written down. */
  forget(run: string): Promise<void>;
  /** Called with the storage id whenever a run progressed or ended. Returns how to stop listening. */
  onChange(listener: (storageId: string) => void): () => void;
  /** Cancels all that would end with this process anyhow. */
  close(): Promise<void>;
}
