import { versionName, type Quarantine, type VersionManifest } from '@facehash/artifacts';
import type { VersionSummary } from '@facehash/facemodel';
import { listsErased } from './erasing.js';
import type { Observed, Wanted } from './types.js';

type Wishes = Pick<Observed, 'model' | 'pipeline' | 'latest' | 'stored' | 'erasing'>;

/** A pin wins over the samples, unless its version knows somebody who is being erased; without either nothing is wanted. */
export function wantedVersion(observed: Wishes): Wanted | null {
  const { pin } = observed.model.spec.versions;
  const pinned = pin === null ? undefined : observed.stored.get(pin);
  if (pin !== null && !listsErased(observed, pinned)) return { version: pin, snapshot: pinned?.samples.counter ?? 0, pinned: true };
  return wantedBySamples(observed);
}

function wantedBySamples(observed: Omit<Wishes, 'stored'>): Wanted | null {
  if (!observed.latest || observed.latest.people === 0) return null;
  const { hyperparameters } = observed.model.spec.training;
  const { digest } = observed.latest;
  const version = versionName({ samplesDigest: digest, hyperparameters, pipeline: observed.pipeline, quarantined: quarantineOf(observed) });
  return { version, snapshot: observed.latest.counter, pinned: false };
}

/** Whom a run leaves out. The gate quarantines, so without it nobody is. */
export function quarantineOf({ model, erasing }: Pick<Observed, 'model' | 'erasing'>): readonly Quarantine[] {
  if (model.spec.training.gate.mode !== 'Enforce') return [];
  const alive = (model.status?.quarantined ?? []).filter(({ personId }) => !erasing.has(personId));
  return alive.map(({ personId, photosDigest }) => ({ personId, photosDigest }));
}

/** The versions whose manifests a pass needs to see. */
export function versionsOfInterest(observed: Omit<Wishes, 'stored'> & Pick<Observed, 'active' | 'run'>): readonly string[] {
  const names = [
    observed.model.spec.versions.pin ?? undefined,
    wantedBySamples(observed)?.version,
    observed.active?.version,
    observed.run?.spec.version,
    observed.model.status?.rollout?.version.name,
  ];
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** `snapshot` may be newer than the manifest's own: the samples were the same. */
export function summaryOf(manifest: VersionManifest, snapshot: number): VersionSummary {
  return {
    name: manifest.version,
    snapshot,
    trainedAt: manifest.trainedAt,
    people: manifest.samples.people,
    photos: manifest.samples.photos,
    rank1: manifest.evaluation.rank1,
    knownAcceptRate: manifest.evaluation.knownAcceptRate,
    backend: manifest.backend,
    pipeline: manifest.pipeline,
  };
}
