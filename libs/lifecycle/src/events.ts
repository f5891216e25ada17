import type { FaceModelStatus } from '@facehash/facemodel';

/** Something that people and systems may want to know, without the envelope. `key` is the same whenever the same thing happened. */
export interface Happening {
  readonly type: 'dev.facehash.training.started' | 'dev.facehash.training.failed' | 'dev.facehash.version.promoted' | 'dev.facehash.rollout.started';
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What happened between two statuses of one model. */
export function happenings(before: FaceModelStatus | null, after: FaceModelStatus): readonly Happening[] {
  const found: Happening[] = [];
  const { run, lastFailure } = after.training;
  if (run !== null && run !== before?.training.run) found.push({ type: 'dev.facehash.training.started', key: run, data: { run } });
  if (lastFailure && lastFailure.at !== before?.training.lastFailure?.at) {
    const { version, snapshot, attempt, final, code, message } = lastFailure;
    found.push({ type: 'dev.facehash.training.failed', key: `${version}.${lastFailure.at}`, data: { version, snapshot, attempt, final, code, message } });
  }
  if (after.rollout && after.rollout.version.name !== before?.rollout?.version.name) {
    const { name, snapshot } = after.rollout.version;
    found.push({ type: 'dev.facehash.rollout.started', key: `${name}.${after.rollout.waveStartedAt}`, data: { version: name, snapshot } });
  }
  const active = after.activeVersion;
  if (active && (active.name !== before?.activeVersion?.name || active.snapshot !== before.activeVersion.snapshot)) {
    found.push({ type: 'dev.facehash.version.promoted', key: `${active.name}.${active.snapshot}`, data: { version: active.name, snapshot: active.snapshot } });
  }
  return found;
}
