import type { StageTime } from './protocol.js';

/** Sixteen faces with landmarks and two descriptors each, and every detector: what comes after is not written down. */
const STAGES_MAX = 100;

/** Times the stages of the picture that a worker looks at: one at a time, so it needs no name. */
export class StageLog {
  #began = 0;
  #stages: StageTime[] = [];

  /** The next picture came. */
  begin(): void {
    this.#began = performance.now();
    this.#stages = [];
  }

  /** Also when it fails: a picture that cannot be decoded took its time, too. */
  async time<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      if (this.#stages.length < STAGES_MAX) this.#stages.push({ stage, startMs: start - this.#began, ms: performance.now() - start });
    }
  }

  /** In the order in which they ended. */
  get stages(): readonly StageTime[] {
    return this.#stages;
  }
}
