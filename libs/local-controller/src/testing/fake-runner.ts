import type { RunOutcome, RunSpec } from '@facehash/artifacts';
import type { ObservedRun, TrainingRunner } from '@facehash/reconciler';

/** A runner whose runs end when a test says so. */
export class FakeTrainingRunner implements TrainingRunner {
  readonly started: RunSpec[] = [];
  readonly cancelled: string[] = [];
  readonly #runs = new Map<string, ObservedRun>();
  readonly #listeners = new Set<(storageId: string) => void>();

  async start(spec: RunSpec): Promise<void> {
    if (this.#runs.has(spec.run)) return;
    this.started.push(spec);
    this.#runs.set(spec.run, { spec, startedAt: new Date(0) });
  }

  runs(): readonly ObservedRun[] {
    return [...this.#runs.values()];
  }

  async cancel(run: string): Promise<void> {
    this.cancelled.push(run);
    this.#runs.delete(run);
  }

  async forget(run: string): Promise<void> {
    this.#runs.delete(run);
  }

  onChange(listener: (storageId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#runs.clear();
  }

  /** Ends a run, as its process would. */
  end(run: string, outcome: RunOutcome): void {
    const known = this.#runs.get(run);
    if (!known) throw new Error(`no run ${run}`);
    this.#runs.set(run, { ...known, outcome });
    for (const listener of this.#listeners) listener(known.spec.storageId);
  }
}
