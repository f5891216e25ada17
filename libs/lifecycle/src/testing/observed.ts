import { sha256Hex } from '@facehash/kernel';
import { versionName, type ActivePointer, type LatestPointer, type VersionManifest } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import type { FaceModelStatus } from '@facehash/facemodel';
import { aStoredModel } from '@facehash/facemodel/testing';
import type { Observed, ObservedReplica, ObservedRun } from '../types.js';

const PIPELINE = 'p1';

/** What a pass sees: nothing, but for what the test says. */
export function observe(
  parts: Partial<Omit<Observed, 'stored' | 'model'>> & {
    readonly spec?: Readonly<Record<string, unknown>>;
    readonly status?: FaceModelStatus | null;
    readonly generation?: number;
    readonly stored?: readonly VersionManifest[];
  },
): Observed {
  const { spec = {}, status = null, generation = 1, stored = [], ...rest } = parts;
  return {
    now: new Date('2026-01-01T00:00:00Z'),
    model: aStoredModel({ specInput: spec, status, generation }),
    pipeline: PIPELINE,
    latest: null,
    active: null as ActivePointer | null,
    stored: new Map(stored.map((m) => [m.version, m])),
    run: null as ObservedRun | null,
    replicas: [],
    erasing: new Map(),
    latestListsErased: false,
    runSlotFree: true,
    ...rest,
  };
}

/** The pointer to snapshot `counter`; the same `content` means the same photos. */
export function samples(counter: number, content = 'first photos'): LatestPointer {
  return { v: 1, counter, digest: sha256Hex(content), people: 2, photos: 6 };
}

export function wantedName(latest: LatestPointer): string {
  const { hyperparameters } = aStoredModel().spec.training;
  return versionName({ samplesDigest: latest.digest, hyperparameters, pipeline: PIPELINE, quarantined: [] });
}

export function layoutOfAttempt(latest: LatestPointer, attempt: number, generation = 1): string {
  return `${wantedName(latest)}-g${generation}-a${attempt}`;
}

export function trainedVersion(latest: LatestPointer): VersionManifest {
  return aManifestOfVersion({
    version: wantedName(latest),
    samples: { digest: latest.digest, counter: latest.counter, people: latest.people, photos: latest.photos },
  });
}

export function readyReplica(id: string, overrides: Partial<ObservedReplica> = {}): ObservedReplica {
  return { id, ready: true, answering: null, verifiedCold: null, failed: null, ...overrides };
}
