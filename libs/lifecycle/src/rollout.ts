import type { Rollout, VersionSummary } from '@facehash/facemodel';
import { listsErased } from './erasing.js';
import type { Check, Decision, Observed, ObservedReplica, Wanted } from './types.js';

/**
 * A rollout moves First → All → promoted. It ends early, with the old version still answering, when a replica finds the
 * artifact itself bad, or when the first wave doesn't make its deadline.
 */
export const rolloutUnderWay: Check = (o, wanted) => {
  const rollout = o.model.status?.rollout;
  if (!rollout) return undefined;
  if (givenUp(o, rollout, wanted)) {
    return {
      reason: 'RollingOut',
      message: `version ${rollout.version.name} makes way for ${wanted?.version ?? 'another one'}`,
      rollout: null,
    };
  }
  for (const check of restarts(o) ? restartChecks : rolloutChecks) {
    const decision = check(o, rollout);
    if (decision) return decision;
  }
  return { reason: 'RollingOut', message: waitingFor(o, rollout), againAfterMs: deadlineIn(o, rollout) };
};

/** A pin or an activation counts at once. Newer photos wait for the rollout to end, unless it does not: then they may bring what all replicas can take. */
function givenUp(o: Observed, rollout: Rollout, wanted: Wanted | null): boolean {
  if (!wanted || wanted.version === rollout.version.name) return false;
  return wanted.held !== null || ((rollout.wave === 'All' || restarts(o)) && deadlineIn(o, rollout) === 0);
}

/** Starts with the first wave: `firstWave` of the replicas that are ready now; or, where pods are restarted, those that come. */
export function beginRollout(o: Observed, version: VersionSummary): Decision {
  if (restarts(o)) {
    const rollout: Rollout = { version, wave: 'First', replicas: [], waveStartedAt: o.now.toISOString() };
    return { reason: 'RollingOut', message: `pods are restarted for version ${version.name}`, rollout };
  }
  const replicas = readyIds(o).slice(0, o.model.spec.serving.rollout.firstWave);
  const rollout: Rollout = { version, wave: 'First', replicas, waveStartedAt: o.now.toISOString() };
  return { reason: 'RollingOut', message: `version ${version.name} goes to ${replicas.length} replica(s) first`, rollout };
}

type RolloutCheck = (o: Observed, rollout: Rollout) => Decision | undefined;

const alreadyPromoted: RolloutCheck = (o, { version }) =>
  o.active?.version === version.name && o.active.snapshot >= version.snapshot
    ? { reason: 'UpToDate', message: `version ${version.name} answers`, rollout: null }
    : undefined;

/** Nobody may be named by their photos after their erasure was acknowledged, not even on one replica. */
const knowsErased: RolloutCheck = (o, { version }) =>
  listsErased(o, o.stored.get(version.name))
    ? { reason: 'Erasing', message: `version ${version.name} knows somebody who is being erased`, rollout: null }
    : undefined;

const artifactBad: RolloutCheck = (o, rollout) => {
  const failure = o.replicas.map((r) => r.failed).find((f) => f?.version === rollout.version.name && f.kind === 'artifact');
  return failure ? rolledBack(o, rollout, failure) : undefined;
};

const nobodyLeft: RolloutCheck = (o, rollout) => {
  if (members(o, rollout).length > 0) return undefined;
  const ready = readyIds(o);
  if (ready.length === 0) return { reason: 'RollingOut', message: 'no replica is ready to take the version over' };
  const replicas = rollout.wave === 'First' ? ready.slice(0, o.model.spec.serving.rollout.firstWave) : ready;
  return {
    reason: 'RollingOut',
    message: 'the replicas of the wave are gone, others take their place',
    rollout: { ...rollout, replicas, waveStartedAt: o.now.toISOString() },
  };
};

const waveDone: RolloutCheck = (o, rollout) => {
  const name = rollout.version.name;
  if (members(o, rollout).some((r) => !holds(r, name))) return undefined;
  const ready = readyIds(o);
  if (rollout.wave === 'First' && ready.some((id) => !rollout.replicas.includes(id))) {
    const next: Rollout = { ...rollout, wave: 'All', replicas: ready, waveStartedAt: o.now.toISOString() };
    return { reason: 'RollingOut', message: `the first wave answers with ${name}, all replicas follow`, rollout: next };
  }
  return promoted(o, rollout);
};

function promoted(o: Observed, { version: { name, snapshot } }: Rollout): Decision {
  const pointer = { v: 1 as const, version: name, snapshot, activatedAt: o.now.toISOString() };
  return { reason: 'UpToDate', message: `version ${name} answers`, rollout: null, failure: null, step: { kind: 'activate', pointer } };
}

const overdue: RolloutCheck = (o, rollout) => {
  if (deadlineIn(o, rollout) > 0) return undefined;
  const message = waitingFor(o, rollout);
  if (rollout.wave === 'First') return rolledBack(o, rollout, { code: 'DEADLINE_EXCEEDED', message });
  return { reason: 'RolloutStalled', message };
};

const rolloutChecks: readonly RolloutCheck[] = [
  alreadyPromoted, // the program died after writing active.json
  knowsErased,
  artifactBad, // no waiting can mend it
  nobodyLeft,
  waveDone,
  overdue,
];

/** The pods that were started for the version are named, and nobody else takes it over; those of before answer by the active one until they go. */
const newcomersNamed: RolloutCheck = (o, rollout) => {
  const replicas = startedFor(o).map(({ id }) => id);
  if (replicas.join() === rollout.replicas.join()) return undefined;
  const message = `${replicas.length} pod(s) are there that were started for version ${rollout.version.name}`;
  return { reason: 'RollingOut', message, rollout: { ...rollout, replicas, waveStartedAt: o.now.toISOString() } };
};

const restarted: RolloutCheck = (o, rollout) => {
  const ready = o.replicas.filter((r) => r.ready);
  const isNew = new Set(startedFor(o).map(({ id }) => id));
  if (o.restart?.done !== true || ready.length === 0) return undefined;
  if (!ready.every((replica) => isNew.has(replica.id) && holds(replica, rollout.version.name))) return undefined;
  return promoted(o, rollout);
};

/** How long pods may take to come is Kubernetes' own deadline; ours is for those that came. Once one answers with the version, the others are waited for. */
const restartOverdue: RolloutCheck = (o, rollout) => {
  const late = rollout.replicas.length > 0 && deadlineIn(o, rollout) === 0;
  const why = o.restart?.failed ?? null;
  const message = why ?? waitingForRestart(o, rollout);
  const someHold = startedFor(o).some((replica) => holds(replica, rollout.version.name));
  const again = rollout.replicas.length > 0 ? { againAfterMs: deadlineIn(o, rollout) } : {};
  if (!late && why === null) return { reason: 'RollingOut', message, ...again };
  return someHold ? { reason: 'RolloutStalled', message } : rolledBack(o, rollout, { code: 'DEADLINE_EXCEEDED', message });
};

const restartChecks: readonly RolloutCheck[] = [alreadyPromoted, knowsErased, artifactBad, newcomersNamed, restarted, restartOverdue];

/** Where nobody restarts pods, replicas take a version over as they run; and so do those of one model alone, which is all they do. */
function restarts({ model, restart }: Observed): boolean {
  const { mode, rollout } = model.spec.serving;
  return restart !== undefined && mode === 'Shared' && rollout.strategy === 'RestartPods';
}

/** Ready or not: what they take over before they are, nobody waits for. */
function startedFor({ replicas, restart }: Observed): readonly ObservedReplica[] {
  if (!restart) return [];
  return replicas.filter(({ rollout }) => rollout === restart.token).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function waitingForRestart(o: Observed, rollout: Rollout): string {
  const holding = startedFor(o).filter((replica) => holds(replica, rollout.version.name)).length;
  if (!o.restart) return `version ${rollout.version.name} waits for its turn to have pods restarted`;
  return `pods are restarted for version ${rollout.version.name}: ${holding} hold it`;
}

function rolledBack(o: Observed, rollout: Rollout, { code, message }: { readonly code: string; readonly message: string }): Decision {
  const last = o.model.status?.training.lastFailure;
  const attempt = last?.version === rollout.version.name ? last.attempt + 1 : 1;
  return {
    reason: 'RolledBack',
    message: `version ${rollout.version.name} was rolled back: ${message}`,
    rollout: null,
    failure: {
      run: null,
      version: rollout.version.name,
      snapshot: rollout.version.snapshot,
      attempt,
      final: code === 'ARTIFACT_CORRUPT' && attempt > o.model.spec.training.retries,
      code,
      message,
      at: o.now.toISOString(),
      generation: o.model.generation,
    },
  };
}

export function holds(replica: ObservedReplica, version: string): boolean {
  return replica.answering === version || replica.verifiedCold === version;
}

function members(o: Observed, rollout: Rollout): readonly ObservedReplica[] {
  return o.replicas.filter((r) => r.ready && rollout.replicas.includes(r.id));
}

function readyIds(o: Observed): readonly string[] {
  return o.replicas
    .filter((r) => r.ready)
    .map((r) => r.id)
    .sort();
}

function deadlineIn(o: Observed, rollout: Rollout): number {
  const { progressDeadlineSeconds } = o.model.spec.serving.rollout;
  return Math.max(0, Date.parse(rollout.waveStartedAt) + progressDeadlineSeconds * 1000 - o.now.getTime());
}

function waitingFor(o: Observed, rollout: Rollout): string {
  const pending = members(o, rollout).filter((r) => !holds(r, rollout.version.name));
  const why = pending.find((r) => r.failed?.version === rollout.version.name)?.failed;
  return `waiting for ${pending.map((r) => r.id).join(', ')} to take ${rollout.version.name} over${why ? ` (${why.message})` : ''}`;
}
