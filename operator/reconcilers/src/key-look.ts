import type { ApiKeyStatus, KeyTrouble, KeyWish } from './api-key-state.js';
import type { FaceModelView } from './face-model-view.js';
import { annotations } from './names.js';

/** The last look at the Secret of a model. */
export interface Looked {
  /** What the owner had written then that a look depends on. */
  readonly marks: string;
  readonly dueAt: number;
  /** What was found, null with a trouble. It counts once it is written down. */
  readonly found: ApiKeyStatus | null;
  readonly trouble: KeyTrouble | null;
}

interface Sight {
  readonly object: FaceModelView;
  readonly wish: KeyWish;
  /** Undefined: this process has not looked yet. */
  readonly looked: Looked | undefined;
}

type Due = (sight: Sight, now: Date) => boolean;

const nothingKnown: Due = ({ wish }) => !wish.known || wish.known.hashes.length === 0;

const otherSecret: Due = ({ wish }) => wish.known?.secretName !== wish.secretName;

const rotationAsked: Due = ({ wish, looked }) => !looked && wish.wish !== null && wish.wish !== wish.known?.rotation;

/** What another process saw last stands in the status. */
const changedBefore: Due = ({ object: { metadata, status }, looked }) =>
  !looked &&
  (status === null ||
    status.observedGeneration !== metadata.generation ||
    status.conditions.some(({ reason }) => reason.startsWith('ApiKey')));

const changedSince: Due = ({ object, looked }) => looked !== undefined && looked.marks !== marksOf(object);

const notWritten: Due = ({ wish: { known }, looked }) =>
  !!looked?.found && (looked.found.hashes[0] !== known?.hashes[0] || looked.found.rotation !== known?.rotation);

const overdue: Due = ({ looked }, now) => looked !== undefined && looked.dueAt <= now.getTime();

const reasonsToLook: readonly Due[] = [nothingKnown, otherSecret, rotationAsked, changedBefore, changedSince, notWritten, overdue];

/** Whether the Secret has to be got; else what is written down is the truth, as far as is known. */
export function lookIsDue(sight: Sight, now: Date): boolean {
  // A trouble is looked at again only after a while, unless the owner has done something.
  if (sight.looked?.trouble) return changedSince(sight, now) || overdue(sight, now);
  return reasonsToLook.some((due) => due(sight, now));
}

export function marksOf({ metadata }: Pick<FaceModelView, 'metadata'>): string {
  const owners = [annotations.rotateApiKey, annotations.oldKeyGrace].map((name) => metadata.annotations?.[name] ?? null);
  return JSON.stringify([metadata.generation, ...owners]);
}
