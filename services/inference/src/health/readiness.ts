/** A store or server that this replica works with, as it was last seen. */
export interface DependencyHealth {
  readonly ok: boolean;
  /** A sentence without secrets; null while all is well. */
  readonly why: string | null;
}

/** What must be true before requests are sent here. */
export interface ReadinessChecks {
  /** Everything that the controller published has been seen, once. */
  readonly directorySynced: () => boolean;
  readonly visionReady: () => boolean;
  /**
   * Told, and no condition: a store that is away is so for every replica, and a replica that answers by what it holds is worth more than
   * none. Left out, there are none.
   */
  readonly dependencies?: () => Readonly<Record<string, DependencyHealth>>;
}

/** Whether this replica should get requests, and why not. */
export class Readiness {
  readonly #draining = new AbortController();
  readonly #listeners = new Set<() => void>();
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

  get ready(): boolean {
    return Object.values(this.conditions()).every((met) => met);
  }

  /** Called when the replica begins to take requests, and when it begins to stop. */
  onTurn(listener: () => void): void {
    this.#listeners.add(listener);
  }

  selfTestPassed(): void {
    this.#selfTested = true;
    this.turned();
  }

  /** One of the checks may say something else now. */
  turned(): void {
    for (const listener of this.#listeners) listener();
  }

  drain(): void {
    this.#draining.abort();
    this.turned();
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

  dependencies(): Readonly<Record<string, DependencyHealth>> {
    return this.checks.dependencies?.() ?? {};
  }
}
