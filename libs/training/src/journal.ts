import type { RunProgress } from '@facehash/artifacts';
import type { Clock } from '@facehash/kernel';

type Stage = RunProgress['stage'];

/** At which percent of a run each stage begins: most of the time of a first run goes into looking at photos. */
const BEGINS_AT: readonly (readonly [stage: Stage, percent: number])[] = [
  ['Starting', 0],
  ['Collecting', 1],
  ['Extracting', 2],
  ['Fitting', 70],
  ['Calibrating', 90],
  ['Evaluating', 95],
  ['Publishing', 97],
];

/** How far a run is, and how long each stage took. Stages are entered in the order above. */
export class Journal {
  readonly #clock: Clock;
  readonly #tell: (progress: RunProgress) => void;
  readonly #seconds = new Map<Stage, number>();
  #stage: Stage = 'Starting';
  #since: number;
  #percent = 0;

  constructor(clock: Clock, tell: (progress: RunProgress) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#since = clock.now().getTime();
    this.#report();
  }

  enter(stage: Stage): void {
    this.#close();
    this.#stage = stage;
    this.#percent = begin(stage);
    this.#report();
  }

  /** `done`: share of the stage, 0 to 1. Told when it makes a percent of the run. */
  advance(done: number): void {
    const from = begin(this.#stage);
    const percent = Math.floor(from + done * (end(this.#stage) - from));
    if (percent <= this.#percent) return;
    this.#percent = percent;
    this.#report();
  }

  /** Ends the stage under way. A run that failed stays where it was. */
  finish(succeeded: boolean): void {
    this.#close();
    if (!succeeded) return;
    this.#percent = 100;
    this.#report();
  }

  /** Seconds by stage, of the stages that have ended. */
  seconds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#seconds);
  }

  #close(): void {
    const now = this.#clock.now().getTime();
    this.#seconds.set(this.#stage, (this.#seconds.get(this.#stage) ?? 0) + (now - this.#since) / 1000);
    this.#since = now;
  }

  #report(): void {
    this.#tell({ type: 'progress', stage: this.#stage, percent: this.#percent });
  }
}

function begin(stage: Stage): number {
  return BEGINS_AT.find(([name]) => name === stage)?.[1] ?? 0;
}

function end(stage: Stage): number {
  const next = BEGINS_AT.findIndex(([name]) => name === stage) + 1;
  return BEGINS_AT[next]?.[1] ?? 100;
}
