import { runProgressSchema, type RunProgress, type RunSpec } from '@facehash/artifacts';
import type { ProgressMessage } from '@facehash/messaging-core';
import type { RuntimeClock } from '@facehash/operator-runtime';

/** A run says more than anybody reads, and each look may cost a write. */
const LOOKS_EVERY_MS = 1_000;
/** Far more than run at once. What falls out is heard of again a few seconds later. */
const RUNS_MAX = 10_000;

export interface ProgressBoardParts {
  /** Whether such a run is known: what others say is worth no memory. */
  readonly isUnderWay: (run: RunIdentity) => boolean;
  readonly clock: Pick<RuntimeClock, 'monotonicMs'>;
}

type RunIdentity = Pick<RunSpec, 'storageId' | 'run'>;

interface Heard {
  readonly progress: RunProgress;
  /** When its model is, or was, to be looked at for it. */
  readonly lookAtMs: number;
}

/** The newest that each run said of itself. Of this process only: every run says it again and again. */
export class ProgressBoard {
  readonly #heard = new Map<string, Heard>();

  constructor(private readonly parts: ProgressBoardParts) {}

  /** Ms until the model is to be looked at; undefined: there is nothing new to be seen. */
  take({ storageId, run, stage, percent }: ProgressMessage): number | undefined {
    const progress = runProgressSchema.safeParse({ type: 'progress', stage, percent }).data;
    if (!progress || !this.parts.isUnderWay({ storageId, run })) return undefined;
    const key = keyOf({ storageId, run });
    const before = this.#heard.get(key);
    if (before?.progress.stage === stage && before.progress.percent === percent) return undefined;
    const nowMs = this.parts.clock.monotonicMs();
    const lookAtMs = nextLookMs(before, nowMs);
    this.#keep(key, { progress, lookAtMs });
    return lookAtMs - nowMs;
  }

  of(run: RunIdentity): RunProgress | undefined {
    return this.#heard.get(keyOf(run))?.progress;
  }

  /** As the newest of all. */
  #keep(key: string, heard: Heard): void {
    this.#heard.delete(key);
    this.#heard.set(key, heard);
    const [oldest = key] = this.#heard.keys();
    if (this.#heard.size > RUNS_MAX) this.#heard.delete(oldest);
  }
}

/** A look that is still to come sees what is said until then, too. */
function nextLookMs(before: Heard | undefined, nowMs: number): number {
  if (before === undefined) return nowMs;
  return before.lookAtMs > nowMs ? before.lookAtMs : Math.max(nowMs, before.lookAtMs + LOOKS_EVERY_MS);
}

function keyOf({ storageId, run }: RunIdentity): string {
  return `${storageId}/${run}`;
}
