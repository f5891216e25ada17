import type { FaceModelStatus } from '@facehash/facemodel';

/** Something that people and systems may want to know, without the envelope. `key` is the same whenever the same thing happened. */
export interface Happening {
  readonly type:
    | 'dev.facehash.training.started'
    | 'dev.facehash.training.failed'
    | 'dev.facehash.rollout.started'
    | 'dev.facehash.version.promoted'
    | 'dev.facehash.version.activated'
    | 'dev.facehash.version.released'
    | 'dev.facehash.version.withdrawn';
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What happened between two statuses of one model. */
export function happenings(before: FaceModelStatus | null, after: FaceModelStatus): readonly Happening[] {
  const found = [
    activationChanged(before, after),
    trainingStarted(before, after),
    trainingFailed(before, after),
    rolloutStarted(before, after),
    versionPromoted(before, after),
    versionWithdrawn(before, after),
  ];
  return found.filter((happening) => happening !== undefined && happening !== null);
}

type Look = (before: FaceModelStatus | null, after: FaceModelStatus) => Happening | null | undefined;

const activationChanged: Look = (before, { activation }) => {
  const known = before?.activation ?? null;
  if (activation?.at === known?.at) return undefined;
  if (activation)
    return { type: 'dev.facehash.version.activated', key: `${activation.version}.${activation.at}`, data: { version: activation.version } };
  return known && { type: 'dev.facehash.version.released', key: `${known.version}.${known.at}`, data: { version: known.version } };
};

const trainingStarted: Look = (before, { training: { run } }) => {
  if (run === null || run === before?.training.run) return undefined;
  return { type: 'dev.facehash.training.started', key: run, data: { run } };
};

const trainingFailed: Look = (before, { training: { lastFailure } }) => {
  if (!lastFailure || lastFailure.at === before?.training.lastFailure?.at) return undefined;
  const { run, version, snapshot, attempt, final, code, message } = lastFailure;
  const data = { run, version, snapshot, attempt, final, code, message };
  return { type: 'dev.facehash.training.failed', key: `${version}.${lastFailure.at}`, data };
};

const rolloutStarted: Look = (before, { rollout }) => {
  if (!rollout || rollout.version.name === before?.rollout?.version.name) return undefined;
  const { name, snapshot } = rollout.version;
  return { type: 'dev.facehash.rollout.started', key: `${name}.${rollout.waveStartedAt}`, data: { version: name, snapshot } };
};

const versionPromoted: Look = (before, { activeVersion: active, observedGeneration }) => {
  const known = before?.activeVersion;
  if (!active || (active.name === known?.name && active.snapshot === known.snapshot)) return undefined;
  const { name, snapshot } = active;
  // A version that comes back is promoted once more; without a rollout, only the snapshot that it covers is newer.
  const way = before?.rollout?.waveStartedAt ?? `g${observedGeneration}`;
  return { type: 'dev.facehash.version.promoted', key: `${name}.${snapshot}.${way}`, data: { version: name, snapshot } };
};

const versionWithdrawn: Look = (before, { activeVersion, samples }) => {
  if (!before?.activeVersion || activeVersion) return undefined;
  const { name } = before.activeVersion;
  return { type: 'dev.facehash.version.withdrawn', key: `${name}.${samples.snapshot}`, data: { version: name } };
};
