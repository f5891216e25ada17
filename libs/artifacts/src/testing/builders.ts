import { sha256Hex } from '@facehash/kernel';
import { samplesDigest, type Snapshot } from '../snapshot.js';
import type { VersionManifest } from '../version.js';

/** A snapshot of `people` persons with `photos` photos each. */
function aSnapshot(): Snapshot {
  const size = [2, 3] as const;
  const people = Array.from({ length: size[0] }, (_, p) => ({
    id: `per_${String(p).padStart(4, '0')}`,
    photos: Array.from({ length: size[1] }, (_, i) => sha256Hex(`photo ${p} ${i}`)).sort(),
  }));
  return { v: 1, storageId: '0b5d7c1e-front-door', counter: 1, people };
}

export function aManifestOfVersion(overrides: Partial<VersionManifest> = {}): VersionManifest {
  const snapshot = aSnapshot();
  return {
    v: 1,
    version: 'v-000000000001',
    storageId: snapshot.storageId,
    pipeline: 'p1',
    samples: { digest: samplesDigest(snapshot), counter: 1, people: 2, photos: 6 },
    hyperparameters: {},
    backend: 'cpu',
    trainedAt: '2026-01-01T00:00:00.000Z',
    run: 'run-1',
    parts: [],
    people: snapshot.people.map((p) => p.id),
    evaluation: { rank1: 1, knownAcceptRate: 1, probes: 6, gate: { verdict: 'NotApplicable', message: 'the first version' } },
    ...overrides,
  };
}
