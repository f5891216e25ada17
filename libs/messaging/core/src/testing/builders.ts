import type { Command, FaceHashEvent, ModelState, PeopleProjection, ProgressMessage, ReplicaReport } from '../schemas.js';

const STORAGE_ID = 'fm-0001-test';

export function aModelState(overrides: Partial<ModelState> = {}): ModelState {
  return {
    v: 1,
    fence: { term: 1, sequence: 1 },
    storageId: STORAGE_ID,
    namespace: 'default',
    name: 'front-door',
    displayName: null,
    apiKeyHashes: [],
    phase: 'Empty',
    active: null,
    target: null,
    pin: null,
    activation: null,
    targetReplicas: null,
    training: { run: null, stage: null, percent: null, attempt: 0, lastFailure: null },
    quarantined: [],
    erased: [],
    conditions: [],
    recognition: { falseAcceptTarget: 0.01, maxFaces: 16 },
    photosPerPerson: { min: 1, max: 500 },
    limits: { people: 1000, photos: 100_000, requestsPerSecond: null, burst: null },
    debounceSeconds: 0.5,
    route: null,
    tombstone: false,
    keep: false,
    ...overrides,
  };
}

/** A version as it stands in a model's state. */
export function aVersionSummary(overrides: Partial<NonNullable<ModelState['active']>> = {}): NonNullable<ModelState['active']> {
  return {
    name: 'v-000000000001',
    snapshot: 1,
    trainedAt: '2026-01-01T00:00:00.000Z',
    people: 1,
    photos: 3,
    rank1: null,
    knownAcceptRate: null,
    backend: 'cpu',
    pipeline: 'p1',
    ...overrides,
  };
}

export function aPeopleProjection(overrides: Partial<PeopleProjection> = {}): PeopleProjection {
  return { v: 1, storageId: STORAGE_ID, revision: 1, names: {}, tombstones: {}, ...overrides };
}

export function aProgressMessage(overrides: Partial<ProgressMessage> = {}): ProgressMessage {
  return { v: 1, storageId: STORAGE_ID, run: 'v-000000000001-g1-a1', stage: 'Fitting', percent: 70, ...overrides };
}

export function aReplicaReport(overrides: Partial<ReplicaReport> = {}): ReplicaReport {
  return {
    v: 1,
    replica: 'one',
    storageId: STORAGE_ID,
    ready: true,
    at: '2026-01-01T00:00:00.000Z',
    answering: null,
    verifiedCold: null,
    failed: null,
    peopleRevision: 0,
    only: null,
    rollout: null,
    ...overrides,
  };
}

export function aTrainCommand(snapshot = 1, overrides: Partial<Extract<Command, { kind: 'train' }>> = {}): Command {
  return { v: 1, id: `train-${snapshot}`, kind: 'train', storageId: STORAGE_ID, snapshot, ...overrides };
}

export function anEvent(id = 'event-1', overrides: Partial<FaceHashEvent> = {}): FaceHashEvent {
  return {
    specversion: '1.0',
    id,
    source: 'facehash/test',
    type: 'dev.facehash.version.promoted',
    subject: STORAGE_ID,
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: {},
    ...overrides,
  };
}
