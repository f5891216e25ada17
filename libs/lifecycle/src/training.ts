import { canonicalJson, sha256Hex, type ErrorCode } from '@facehash/kernel';
import type { RunOutcome, RunSpec, VersionManifest } from '@facehash/artifacts';
import { activeListsErased, listsErased, runHoldsErased } from './erasing.js';
import { beginRollout } from './rollout.js';
import { attemptOf, runName } from './run-name.js';
import type { Check, Decision, Observed, Wanted } from './types.js';
import { quarantineOf, summaryOf } from './wanted.js';

const RETRY_FIRST_MS = 1000;
const RETRY_MAX_MS = 300_000;
const SLOT_POLL_MS = 1000;
/** Of the one that wrote a failure down before that of who reads it. */
const CLOCKS_DIFFER_MS = 5_000;

/** An ended run is written down before anything else happens, so that its outcome is never lost. */
export const runEnded: Check = (o, wanted) => {
  const { run } = o;
  if (!run?.outcome) return undefined;
  const forgetRun = run.spec.run;
  if (run.outcome.outcome === 'refused' && run.outcome.quarantine) return { ...quarantined(o, run.spec.run, run.outcome), forgetRun };
  if (run.outcome.outcome !== 'trained') return { ...failed(o, run.spec, run.outcome), forgetRun };
  return { ...trained(o, wanted, run.spec), forgetRun };
};

/** Without them the version has another name: the next pass starts its run. Whoever got other photos takes the place of the entry before. */
function quarantined(o: Observed, run: string, { message, quarantine = [] }: Extract<RunOutcome, { outcome: 'refused' }>): Decision {
  const at = o.now.toISOString();
  const added = quarantine.map((entry) => ({ ...entry, run, message, at }));
  const kept = (o.model.status?.quarantined ?? []).filter(({ personId }) => !added.some((entry) => entry.personId === personId));
  const all = [...kept, ...added].sort((a, b) => (a.personId < b.personId ? -1 : 1));
  return { reason: 'Training', message, quarantined: all };
}

function trained(o: Observed, wanted: Wanted | null, run: RunSpec): Decision {
  const { version, snapshot } = run;
  const manifest = o.stored.get(version);
  if (!manifest) {
    const noManifest = { outcome: 'failed', code: 'ARTIFACT_CORRUPT', message: 'the run left no manifest', retryable: true } as const;
    return failed(o, run, noManifest);
  }
  // Newer photos do not stop a finished version: a steady stream of them must not keep every version from the replicas.
  const newer = snapshot > (o.active?.snapshot ?? 0);
  if (wanted?.held || o.model.spec.suspend) return { reason: 'UpToDate', message: `version ${version} is stored` };
  if (!newer) return { reason: 'UpToDate', message: `version ${version} came too late` };
  if (listsErased(o, manifest)) return { reason: 'Erasing', message: `version ${version} knows somebody who is being erased` };
  if (refusedByGate(o, manifest)) return failed(o, run, refusal(manifest));
  return beginRollout(o, summaryOf(manifest, snapshot));
}

export const suspended: Check = (o) => {
  if (!o.model.spec.suspend) return undefined;
  const answers = o.active ? '; the active version goes on answering' : '';
  const message = `training and rollouts are suspended by spec.suspend${answers}`;
  return { reason: 'Suspended', message, ...(o.run ? { step: { kind: 'cancelRun', run: o.run.spec.run } } : {}) };
};

/** Without anybody enrolled there is nobody to name. */
export const nothingWanted: Check = ({ run, active }, wanted) => {
  if (wanted) return undefined;
  const nobody = { reason: 'NoSamples', message: active ? 'nobody is enrolled any more' : 'nobody is enrolled yet' } as const;
  if (run) return { ...nobody, step: { kind: 'cancelRun', run: run.spec.run } };
  return active ? { ...nobody, step: { kind: 'deactivate' } } : nobody;
};

/** Settled, but for a newer snapshot of the very same samples, which the active version covers too. */
export const wantedIsActive: Check = (o, wanted) => {
  if (!wanted || o.active?.version !== wanted.version) return undefined;
  const reason = wanted.held ?? 'UpToDate';
  const message =
    wanted.held === 'Activated'
      ? `version ${wanted.version} answers until its activation is taken back`
      : `version ${wanted.version} answers`;
  if (o.run) return { reason, message, step: { kind: 'cancelRun', run: o.run.spec.run } };
  if (o.active.snapshot >= wanted.snapshot) return { reason, message };
  return { reason, message, step: { kind: 'activate', pointer: { ...o.active, snapshot: wanted.snapshot } } };
};

/**
 * A run goes on when merely newer photos came: cancelling it for each of them would starve a busy model. It is cancelled when
 * what it makes cannot be wanted any more, because the spec or the pipeline changed or another version was pinned or activated.
 */
export const runUnderWay: Check = (o, wanted) => {
  const { run } = o;
  if (!run) return undefined;
  const { hyperparameters, accelerator } = o.model.spec.training;
  const sameSpec =
    run.spec.pipeline === o.pipeline &&
    canonicalJson(run.spec.hyperparameters) === canonicalJson(hyperparameters) &&
    // It may be waiting for the GPU that it should now do without.
    canonicalJson(run.spec.accelerator) === canonicalJson(accelerator) &&
    canonicalJson(run.spec.quarantined) === canonicalJson(quarantineOf(o));
  if (!sameSpec || wanted?.held || runHoldsErased(o))
    return { reason: 'Training', message: `run ${run.spec.run} is superseded`, step: { kind: 'cancelRun', run: run.spec.run } };
  if (run.waitingFor !== undefined) return { reason: 'Training', message: `run ${run.spec.run} does not begin yet: ${run.waitingFor}` };
  return { reason: 'Training', message: `run ${run.spec.run} trains version ${run.spec.version}` };
};

/** A failure of other inputs, under another spec, or from before somebody activated it nevertheless, says nothing about this version. */
function failureOf(o: Observed, wanted: Wanted | null) {
  const last = o.model.status?.training.lastFailure;
  if (!wanted || last?.version !== wanted.version || last.generation !== o.model.generation) return undefined;
  return wanted.since !== undefined && last.at < wanted.since ? undefined : last;
}

export const failedForGood: Check = (o, wanted) => {
  const last = failureOf(o, wanted);
  if (!wanted || !last?.final) return undefined;
  const reason = last.code === 'VERSION_REFUSED' ? 'GateRefused' : o.stored.has(wanted.version) ? 'RolledBack' : 'RetriesExhausted';
  // Who waits for a newer snapshot of the same samples is waiting for the same failure.
  return { reason, message: forGood(last.message), failure: { ...last, snapshot: Math.max(last.snapshot, wanted.snapshot) } };
};

export const backingOff: Check = (o, wanted) => {
  const last = failureOf(o, wanted);
  if (!last) return undefined;
  const delayMs = retryDelayMs(last.version, last.attempt);
  const againAfterMs = Date.parse(last.at) + delayMs - o.now.getTime();
  // A failure of the future is one before the clock was set back: nobody knows how long ago it was.
  if (againAfterMs <= 0 || againAfterMs > delayMs + CLOCKS_DIFFER_MS) return undefined;
  return { reason: 'TrainingFailed', message: `${last.message}; trying again`, againAfterMs };
};

export const wantedIsStored: Check = (o, wanted) => {
  const manifest = wanted ? o.stored.get(wanted.version) : undefined;
  if (!wanted || !manifest) return undefined;
  // A replica found it damaged: a run of the same inputs makes what is missing again.
  if (!wanted.held && failureOf(o, wanted)?.code === 'ARTIFACT_CORRUPT') return undefined;
  if (!wanted.held && refusedByGate(o, manifest)) return failed(o, { ...runSpec(o, wanted, 1), run: manifest.run }, refusal(manifest));
  return beginRollout(o, summaryOf(manifest, wanted.snapshot));
};

/** Trained when the gate only warned, and now it is enforced. */
function refusedByGate(o: Observed, { evaluation }: VersionManifest): boolean {
  return gateMode(o) === 'Enforce' && evaluation.gate.verdict === 'Refused';
}

/** Erasing somebody goes before being better: without them other people may be told apart worse. */
function gateMode(o: Observed): RunSpec['gateMode'] {
  const { mode } = o.model.spec.training.gate;
  return mode === 'Enforce' && activeListsErased(o) ? 'Warn' : mode;
}

function refusal({ evaluation }: VersionManifest): Extract<RunOutcome, { outcome: 'refused' }> {
  return { outcome: 'refused', code: 'VERSION_REFUSED', message: evaluation.gate.message };
}

export const pinMissing: Check = (_, wanted) => {
  if (!wanted?.held) return undefined;
  const advice = wanted.held === 'Pinned' ? 'change or remove versions.pin' : 'activate another one or take the activation back';
  return { reason: 'PinMissing', message: `no version ${wanted.version} is stored; ${advice}` };
};

/** Nobody counts it as a try: a run of such a profile cannot even be made. */
export const profileMissing: Check = ({ model, profiles }, wanted) => {
  const { profile } = model.spec.training;
  if (!wanted || !profiles || profiles.includes(profile)) return undefined;
  const named = [...profiles].sort().join(', ');
  return { reason: 'ProfileMissing', message: `there is no training profile ${profile}: name one of ${named} in spec.training.profile` };
};

export const noRunSlot: Check = (o) =>
  o.runSlotFree
    ? undefined
    : {
        reason: 'WaitingForRun',
        message: 'as many training runs are under way as may run at once; it is trained when its turn comes',
        againAfterMs: SLOT_POLL_MS,
      };

export const startRun: Check = (o, wanted) => {
  if (!wanted) return undefined;
  const spec = runSpec(o, wanted, (failureOf(o, wanted)?.attempt ?? 0) + 1);
  return { reason: 'Training', message: `run ${spec.run} trains version ${spec.version}`, step: { kind: 'startRun', spec } };
};

function runSpec(o: Observed, wanted: Wanted, attempt: number): RunSpec {
  const { spec, generation } = o.model;
  return {
    v: 1,
    run: runName(wanted.version, generation, attempt),
    storageId: spec.storageId ?? o.model.uid,
    snapshot: wanted.snapshot,
    version: wanted.version,
    pipeline: o.pipeline,
    hyperparameters: spec.training.hyperparameters,
    accelerator: spec.training.accelerator,
    falseAcceptTarget: spec.recognition.falseAcceptTarget,
    quarantined: [...quarantineOf(o)],
    gateMode: gateMode(o),
    activeVersion: o.active?.version ?? null,
    deadlineSeconds: spec.training.deadlineSeconds,
  };
}

/** Nothing is wrong with the version: its time comes when the store is back, or the cluster has room or the GPU, however long that takes. */
const outages: readonly string[] = [
  'STORE_UNAVAILABLE',
  'GPU_UNAVAILABLE',
  'RUN_NOT_STARTED',
  'SHUTTING_DOWN',
  'OVERLOADED',
] satisfies readonly ErrorCode[];

function failed(o: Observed, spec: RunSpec, outcome: Exclude<RunOutcome, { outcome: 'trained' }>): Decision {
  const attempt = attemptOf(spec.run);
  const triedEnough = attempt > o.model.spec.training.retries && !outages.includes(outcome.code);
  const final = outcome.outcome === 'refused' || !outcome.retryable || triedEnough;
  const { code, message } = outcome;
  return {
    reason: outcome.outcome === 'refused' ? 'GateRefused' : final ? 'RetriesExhausted' : 'TrainingFailed',
    message: final ? forGood(message) : message,
    failure: {
      run: spec.run,
      version: spec.version,
      snapshot: spec.snapshot,
      attempt,
      final,
      code,
      message,
      at: o.now.toISOString(),
      generation: o.model.generation,
    },
    ...(final ? {} : { againAfterMs: retryDelayMs(spec.version, attempt) }),
  };
}

/** What a person can do about it. */
function forGood(message: string): string {
  return `${message}; new photos or a changed spec start training again`;
}

/** Doubling from one second to five minutes, each with a jitter of up to half. The jitter comes from the names, so a decision taken twice is the same. */
function retryDelayMs(version: string, attempt: number): number {
  const jitter = Number.parseInt(sha256Hex(`${version} ${attempt}`).slice(0, 8), 16) / 0xffffffff;
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempt - 1)) * (1 - jitter / 2);
}
