import type { FaceModelStatus } from '@facehash/facemodel';
import { snapshotListsErased, withdrawErased, withSweep } from './erasing.js';
import { rolloutUnderWay } from './rollout.js';
import { nextStatus } from './status.js';
import {
  backingOff,
  failedForGood,
  noRunSlot,
  nothingWanted,
  pinMissing,
  profileMissing,
  runEnded,
  runUnderWay,
  startRun,
  suspended,
  wantedIsActive,
  wantedIsStored,
} from './training.js';
import type { Check, Decision, Observed, Step } from './types.js';
import { wantedVersion } from './wanted.js';

/** What one pass does, in this order: `step`, write `status`, publish it, forget the run. Then look again. */
export interface Plan {
  readonly step: Step | null;
  readonly status: FaceModelStatus;
  readonly forgetRun: string | null;
  /** Null: only a change calls for another pass. */
  readonly againAfterMs: number | null;
}

/** The first check that finds something decides, so the fundamental ones come first and later ones may rely on them. */
const checks: readonly Check[] = [
  rolloutUnderWay, // finish what replicas have begun to take over
  runEnded, // an outcome must be written down
  withdrawErased, // nothing excuses an answer from the photos of somebody who is erased
  suspended,
  nothingWanted,
  wantedIsActive,
  runUnderWay,
  snapshotListsErased,
  failedForGood,
  backingOff,
  wantedIsStored, // trained before: by a run that raced, by an earlier process, pinned or activated
  pinMissing,
  profileMissing, // before its place in the queue, which others could use
  noRunSlot,
  startRun,
];

/**
 * The whole decision about one model: from what is observed to the next step and the true status. Pure, so that the operator
 * and the standalone loop decide alike, and every state can be tried in a test. One consequential step per pass.
 */
export function plan(observed: Observed): Plan {
  const wanted = wantedVersion(observed);
  const decision = withSweep(observed, wanted, firstDecision(observed, wanted));
  return {
    step: decision.step ?? null,
    status: nextStatus(observed, wanted, decision),
    forgetRun: decision.forgetRun ?? null,
    againAfterMs: decision.againAfterMs ?? null,
  };
}

function firstDecision(observed: Observed, wanted: Parameters<Check>[1]): Decision {
  for (const check of checks) {
    const decision = check(observed, wanted);
    if (decision) return decision;
  }
  return { reason: 'NoSamples', message: 'nobody is enrolled yet' };
}
