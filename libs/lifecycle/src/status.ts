import type { ActivePointer, RunProgress } from '@facehash/artifacts';
import {
  storageIdOf,
  type Condition,
  type FaceModelStatus,
  type Phase,
  type Reason,
  type Rollout,
  type VersionSummary,
} from '@facehash/facemodel';
import { holds } from './rollout.js';
import { attemptOf } from './run-name.js';
import type { Decision, Observed, ObservedRun, Wanted } from './types.js';
import { activationOf, summaryOf } from './wanted.js';

/** The status after this pass: what was there, what was decided, what is observed. */
export function nextStatus(o: Observed, wanted: Wanted | null, decision: Decision): FaceModelStatus {
  const rollout = kept(decision.rollout, o.model.status?.rollout);
  const active = activeAfter(o, decision);
  const run = runAfter(o, decision);
  const facts: Facts = { o, wanted, decision, rollout, active, run };
  return {
    phase: phaseOf(facts),
    storageId: storageIdOf(o.model),
    samples: samplesOf(o),
    activeVersion: active,
    targetVersion: rollout?.version.name ?? null,
    activation: activationOf(o),
    rollout,
    training: trainingOf(facts),
    quarantined: quarantinedAfter(o, decision),
    swept: decision.swept ?? o.model.status?.swept ?? null,
    replicas: replicaCounts(o, rollout, active?.name),
    conditions: conditionsOf(facts),
    observedGeneration: o.model.generation,
  };
}

function quarantinedAfter(o: Observed, { quarantined }: Decision): FaceModelStatus['quarantined'] {
  return (quarantined ?? o.model.status?.quarantined ?? []).filter(({ personId }) => !o.erasing.has(personId));
}

/** What was decided, else what was there. */
function kept<T>(decided: T | null | undefined, previous: T | null | undefined): T | null {
  return decided === undefined ? (previous ?? null) : decided;
}

function samplesOf({ latest }: Observed): FaceModelStatus['samples'] {
  return latest ? { people: latest.people, photos: latest.photos, snapshot: latest.counter } : { people: 0, photos: 0, snapshot: null };
}

function trainingOf({ o, run, decision }: Facts): FaceModelStatus['training'] {
  const lastFailure = kept(decision.failure, o.model.status?.training.lastFailure);
  if (!run) return { run: null, stage: null, percent: null, attempt: 0, waitingFor: null, lastFailure };
  const { stage, percent } = run.progress ?? shownBefore(run, o, decision) ?? { stage: 'Starting' as const, percent: 0 };
  const attempt = attemptOf(run.spec.run);
  return { run: run.spec.run, stage, percent: coarse(percent), attempt, waitingFor: run.waitingFor ?? null, lastFailure };
}

/** A controller that came after its start may not have heard of a run yet, which then is as far as it was. */
function shownBefore(run: ObservedRun, { model }: Observed, { step }: Decision): Pick<RunProgress, 'stage' | 'percent'> | undefined {
  const before = model.status?.training;
  const same = before?.run === run.spec.run && step?.kind !== 'startRun' && run.waitingFor === undefined;
  return same && before.stage !== null ? { stage: before.stage, percent: before.percent ?? 0 } : undefined;
}

interface Facts {
  readonly o: Observed;
  readonly wanted: Wanted | null;
  readonly decision: Decision;
  readonly rollout: Rollout | null;
  readonly active: VersionSummary | null;
  readonly run: ObservedRun | null;
}

function activeAfter(o: Observed, decision: Decision): VersionSummary | null {
  if (decision.step?.kind === 'deactivate') return null;
  const pointer: ActivePointer | null = decision.step?.kind === 'activate' ? decision.step.pointer : o.active;
  if (!pointer) return null;
  const manifest = o.stored.get(pointer.version);
  if (manifest) return summaryOf(manifest, pointer.snapshot);
  // The manifest could not be seen in this pass: what was known of the version stays.
  const known = o.model.status?.activeVersion;
  return known?.name === pointer.version ? { ...known, snapshot: pointer.snapshot } : null;
}

function runAfter(o: Observed, decision: Decision): ObservedRun | null {
  if (decision.step?.kind === 'startRun') return { spec: decision.step.spec };
  if (decision.step?.kind === 'cancelRun' || decision.forgetRun !== undefined) return null;
  return o.run;
}

/** Steps of five: every change of a status is a durable write, and nobody watches single percents. */
function coarse(percent: number): number {
  return Math.floor(percent / 5) * 5;
}

const troubles: readonly Reason[] = [
  'GateRefused',
  'RetriesExhausted',
  'RolledBack',
  'RolloutStalled',
  'PinMissing',
  'ProfileMissing',
  'TrainingFailed',
];

function phaseOf({ o, decision, rollout, active, run, wanted }: Facts): Phase {
  if (rollout) return 'RollingOut';
  if (o.model.spec.suspend) return 'Suspended';
  if (run) return 'Training';
  if (troubles.includes(decision.reason)) return 'Degraded';
  if (!wanted) return active ? 'Ready' : 'Empty';
  return active?.name === wanted.version ? 'Ready' : 'Waiting';
}

/** A rollout is everybody's; between rollouts, replicas that were never asked for the model do not count, so that scaling changes no status. */
function replicaCounts(o: Observed, rollout: Rollout | null, active: string | undefined): FaceModelStatus['replicas'] {
  const version = rollout?.version.name ?? active;
  const ready = o.replicas.filter((r) => r.ready && (rollout !== null || r.answering !== null || r.verifiedCold !== null));
  return {
    total: ready.length,
    updated: version === undefined ? 0 : ready.filter((r) => holds(r, version)).length,
    failed: version === undefined ? 0 : ready.filter((r) => r.failed?.version === version).length,
  };
}

function conditionsOf({ o, decision, rollout, active, wanted }: Facts): readonly Condition[] {
  const covered = active !== null && active.name === wanted?.version;
  const trouble = troubles.includes(decision.reason);
  const condition = (type: Condition['type'], holdsTrue: boolean, message: string): Condition => ({
    type,
    status: holdsTrue ? 'True' : 'False',
    reason: decision.reason,
    message,
    observedGeneration: o.model.generation,
  });
  const answering = active ? `version ${active.name} answers` : 'no version answers yet';
  return [
    condition('Ready', active !== null, active ? answering : `${answering}: ${decision.message}`),
    condition('Trained', covered, decision.message),
    condition('RolledOut', rollout === null && covered, decision.message),
    condition('Stalled', trouble, trouble ? decision.message : 'nothing stands in the way'),
  ];
}
