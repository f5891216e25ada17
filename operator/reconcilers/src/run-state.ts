import { jobIsOver, latestEndMs, lost, podFailed, trainerSaid } from './run-end.js';
import { beginning, queued } from './run-start.js';
import type { Look, RunState, Watching } from './run-watching.js';

/** The first look that sees something says it. */
const looks: readonly Look[] = [trainerSaid, podFailed, jobIsOver, lost, queued, trains];

export function runState(watching: Watching): RunState {
  for (const look of looks) {
    const state = look(watching);
    if (state !== undefined) return state;
  }
  return beginning(watching);
}

function trains(watching: Watching): RunState | undefined {
  if (!watching.pods.some((pod) => pod.phase === 'Running')) return undefined;
  const untilMs = latestEndMs(watching);
  return { kind: 'training', ...(untilMs === undefined ? {} : { untilMs }) };
}
