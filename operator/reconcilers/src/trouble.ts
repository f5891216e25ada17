import type { Condition, FaceModelStatus, Reason } from '@facehash/facemodel';
import { hasApiCode } from '@facehash/operator-runtime';
import type { KeyFacts } from './api-keys.js';
import { storageIdIn, type CachedFaceModel } from './cached-face-model.js';

/** Why nothing can be decided about a model, in words of the API and for its owner. */
export interface Trouble {
  readonly reason: Reason;
  readonly message: string;
}

/** Older ones come first; of two that were made in the same second, the one whose uid is lower. */
type Seen = Pick<CachedFaceModel, 'metadata' | 'spec' | 'status'>;

function isElder(a: Seen, b: Seen): boolean {
  const age = ({ metadata: { creationTimestamp = '', uid = '' } }: Seen): string => `${creationTimestamp ?? ''} ${uid}`;
  return age(a) < age(b);
}

export function specTrouble({ problems }: CachedFaceModel): Trouble | undefined {
  if (problems.length === 0) return undefined;
  const faults = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return { reason: 'SpecInvalid', message: `${faults}. An older operator beside a newer resource definition cannot read it` };
}

/** `others`: every FaceModel with this storage id. */
export function storageTrouble(object: Seen, others: readonly Seen[]): Trouble | undefined {
  const elder = others.find((other) => other.metadata.uid !== object.metadata.uid && isElder(other, object));
  if (!elder) return undefined;
  const { name, namespace } = elder.metadata;
  return {
    reason: 'StorageIdTaken',
    message: `${namespace ?? ''}/${name} has the storage id ${storageIdIn(object) ?? ''}: delete one of the two`,
  };
}

/** Undefined for what may go by itself. */
export function workloadsTrouble(error: unknown): Trouble | undefined {
  // With 401 the operator's own credentials are not taken, which is no answer to what was asked.
  if (!hasApiCode(error, 'forbidden', 'invalid') || error.status === 401) return undefined;
  return { reason: 'DedicatedRefused', message: `pods of its own are refused: ${error.message}` };
}

/** What was known of the model stays, and the trouble is said where a person looks. */
export function withTrouble(object: CachedFaceModel, trouble: Trouble): FaceModelStatus {
  const known = object.known ?? nothingKnown(object);
  const observedGeneration = object.metadata.generation ?? 0;
  const kept = known.conditions.filter(({ type }) => type === 'Ready' || type === 'RolledOut');
  const told = { ...trouble, observedGeneration };
  return {
    ...known,
    phase: 'Degraded',
    conditions: [
      ...(kept.length > 0 ? kept : notYet(trouble, observedGeneration).filter(({ type }) => type !== 'Trained')),
      // What is wanted is not known; `kubectl get -o wide` takes its reason from here.
      { type: 'Trained', status: 'Unknown', ...told },
      { type: 'Stalled', status: 'True', ...told },
    ],
    observedGeneration,
  };
}

/** Where there never was a key, nobody can use the model, whatever else is decided; else it goes on, and says what is in the way of the next. */
export function withKeyTrouble(
  status: FaceModelStatus,
  { trouble, apiKeyHashes }: Pick<KeyFacts, 'trouble' | 'apiKeyHashes'>,
): FaceModelStatus {
  if (!trouble) return status;
  const stalled = stalledBy(trouble, status);
  if (apiKeyHashes.length === 0)
    return { ...status, phase: 'Degraded', conditions: [...notYet(trouble, status.observedGeneration), stalled] };
  return { ...status, conditions: [...status.conditions.filter(({ type }) => type !== 'Stalled'), stalled] };
}

/** All else goes on. What is in the way of versions is said by `Trained`, too. */
export function withWorkloadsTrouble(status: FaceModelStatus, trouble: Trouble | null): FaceModelStatus {
  if (!trouble) return status;
  return { ...status, conditions: [...status.conditions.filter(({ type }) => type !== 'Stalled'), stalledBy(trouble, status)] };
}

function stalledBy(trouble: Trouble, { observedGeneration }: FaceModelStatus): Condition {
  return { type: 'Stalled', status: 'True', ...trouble, observedGeneration };
}

function nothingKnown(object: CachedFaceModel): FaceModelStatus {
  return {
    phase: 'Degraded',
    storageId: storageIdIn(object) ?? '',
    samples: { people: 0, photos: 0, snapshot: null },
    activeVersion: null,
    targetVersion: null,
    activation: null,
    rollout: null,
    training: { run: null, stage: null, percent: null, attempt: 0, waitingFor: null, lastFailure: null },
    quarantined: [],
    swept: null,
    replicas: { total: 0, updated: 0, failed: 0 },
    conditions: [],
    observedGeneration: object.metadata.generation ?? 0,
  };
}

function notYet(trouble: Trouble, observedGeneration: number): readonly Condition[] {
  return (['Ready', 'Trained', 'RolledOut'] as const).map((type) => ({ type, status: 'False', ...trouble, observedGeneration }));
}
