/** What must be true before requests are sent here. */
export interface ReadinessChecks {
  /** Everything that the controller published has been seen. */
  readonly directorySynced: () => boolean;
  readonly visionReady: () => boolean;
}

/** Whether this replica should get requests, and why not. */
export class Readiness {
  readonly #draining = new AbortController();
  #selfTested = false;

  constructor(private readonly checks: ReadinessChecks) {}

  /** Aborts when the replica begins to stop: waits of any kind end then. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** The inference at the start gave a sensible answer. */
  get selfTested(): boolean {
    return this.#selfTested;
  }

  selfTestPassed(): void {
    this.#selfTested = true;
  }

  drain(): void {
    this.#draining.abort();
  }

  /** By name; all of them are true in a replica that is ready. */
  conditions(): Readonly<Record<'directory' | 'vision' | 'selfTest' | 'accepting', boolean>> {
    return {
      directory: this.checks.directorySynced(),
      vision: this.checks.visionReady(),
      selfTest: this.#selfTested,
      accepting: !this.#draining.signal.aborted,
    };
  }
}
