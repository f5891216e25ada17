import type { Happening } from '@facehash/lifecycle';
import type { EventNote } from '@facehash/operator-runtime';
import type { CachedFaceModel } from './cached-face-model.js';
import { faceModels } from './resources.js';

interface Wording {
  readonly type: EventNote['type'];
  readonly reason: string;
  readonly action: string;
  readonly note: (data: Readonly<Record<string, unknown>>) => string;
}

/** Reasons are API: add, never rename. */
const wordings: Readonly<Record<Happening['type'], Wording>> = {
  'dev.facehash.training.started': {
    type: 'Normal',
    reason: 'TrainingStarted',
    action: 'Train',
    note: ({ run }) => `training run ${text(run)} begins`,
  },
  'dev.facehash.training.failed': {
    type: 'Warning',
    reason: 'TrainingFailed',
    action: 'Train',
    note: ({ version, code, message, final }) =>
      `version ${text(version)} was not made (${text(code)}): ${text(message)}; ${final === true ? 'new photos or a changed spec start training again' : 'it will be tried again'}`,
  },
  'dev.facehash.rollout.started': {
    type: 'Normal',
    reason: 'RolloutStarted',
    action: 'RollOut',
    note: ({ version }) => `replicas take version ${text(version)} over`,
  },
  'dev.facehash.version.promoted': {
    type: 'Normal',
    reason: 'VersionPromoted',
    action: 'Promote',
    note: ({ version, snapshot }) => `version ${text(version)} of snapshot ${text(snapshot)} answers`,
  },
  'dev.facehash.version.activated': {
    type: 'Normal',
    reason: 'VersionActivated',
    action: 'Activate',
    note: ({ version }) => `version ${text(version)} was activated by hand`,
  },
  'dev.facehash.version.released': {
    type: 'Normal',
    reason: 'ActivationTakenBack',
    action: 'Activate',
    note: ({ version }) => `the activation of version ${text(version)} was taken back`,
  },
  'dev.facehash.version.withdrawn': {
    type: 'Warning',
    reason: 'VersionWithdrawn',
    action: 'Withdraw',
    note: ({ version }) => `version ${text(version)} is withdrawn and no version answers`,
  },
};

/** What happened, for `kubectl describe`. */
export function eventOf(object: CachedFaceModel, { type, data }: Happening): EventNote {
  const { note, ...wording } = wordings[type];
  return { ...noteOn(object, wording), note: note(data) };
}

/** An event on a FaceModel. */
export function noteOn(
  { metadata: { name, namespace, uid } }: Pick<CachedFaceModel, 'metadata'>,
  wording: Pick<EventNote, 'type' | 'reason' | 'action'>,
): Omit<EventNote, 'note'> {
  return { resource: faceModels, regarding: { name, ...(namespace === undefined ? {} : { namespace }), uid }, ...wording };
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?';
}
