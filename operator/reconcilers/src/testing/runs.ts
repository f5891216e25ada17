import type { RunSpec } from '@facehash/artifacts';
import type { TrainingJob } from '../observed-job.js';
import type { TrainerPod } from '../observed-pod.js';
import type { JobSettings, RunOrder } from '../training-job.js';
import { parseTrainingProfiles, type TrainingProfile } from '../training-profiles.js';

const aStorageId = '5b0e7c1a-0000-4000-8000-000000000001';

export function aRunSpec(overrides: Partial<RunSpec> = {}): RunSpec {
  return {
    v: 1,
    run: 'v-0123456789ab-g1-a1',
    storageId: aStorageId,
    snapshot: 3,
    version: 'v-0123456789ab',
    pipeline: 'p1',
    hyperparameters: { hiddenUnits: [64], epochs: 20, batchSize: 32, learningRate: 0.001, dropout: 0.2, l2: 0.0001, seed: 1 },
    accelerator: null,
    falseAcceptTarget: 0.01,
    gateMode: 'Enforce',
    quarantined: [],
    activeVersion: null,
    deadlineSeconds: 1800,
    ...overrides,
  };
}

export const aGpu = { resource: 'nvidia.com/gpu', count: 1, onUnavailable: 'UseCpu' } as const;

export function aProfile(overrides: object = {}): TrainingProfile {
  const parsed = parseTrainingProfiles({
    default: { image: 'facehash/trainer:1', resources: { requests: { cpu: '1' }, limits: { memory: '2Gi' } }, ...overrides },
  });
  if (!parsed.ok || parsed.profiles['default'] === undefined) throw new Error('that is no profile');
  return parsed.profiles['default'];
}

export function anOrder(overrides: Partial<RunOrder> = {}): RunOrder {
  const spec = overrides.spec ?? aRunSpec();
  return {
    spec,
    owner: { uid: aStorageId, name: 'front-door', namespace: 'shop' },
    profileName: 'default',
    profile: aProfile(),
    startDeadlineSeconds: 120,
    accelerated: spec.accelerator !== null,
    ...overrides,
  };
}

export const someSettings: JobSettings = {
  platformNamespace: 'facehash',
  storeEnvironment: { FACEHASH_S3_ENDPOINT: 'http://minio:9000', FACEHASH_S3_BUCKET: 'facehash', FACEHASH_S3_BUCKET_MISSING: 'refuse' },
};

/** A Job that was let go, at 0 ms. */
export function aJob(overrides: Partial<TrainingJob> = {}): TrainingJob {
  const spec = overrides.spec ?? aRunSpec();
  return {
    metadata: { name: 'train-front-door-0', namespace: 'facehash', uid: 'job-1' },
    storageId: spec.storageId,
    spec,
    profileName: 'default',
    image: 'facehash/trainer:1',
    startDeadlineSeconds: 120,
    accelerated: spec.accelerator !== null,
    suspended: false,
    queue: undefined,
    credentialsUntilMs: Number.POSITIVE_INFINITY,
    createdAtMs: 0,
    startedAtMs: 0,
    end: undefined,
    ...overrides,
  };
}

/** A pod that no node has taken yet, made at 0 ms. */
export function aPod(overrides: Partial<TrainerPod> = {}): TrainerPod {
  return {
    metadata: { name: 'train-front-door-0-x', namespace: 'facehash', uid: 'pod-1' },
    storageId: aStorageId,
    jobUid: 'job-1',
    phase: 'Pending',
    reason: '',
    message: '',
    createdAtMs: 0,
    startedAtMs: undefined,
    unschedulable: undefined,
    disrupted: false,
    waiting: undefined,
    exit: undefined,
    ...overrides,
  };
}
