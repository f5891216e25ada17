import { versionName, type Quarantine, type VersionManifest } from '@facehash/artifacts';
import type { VersionSummary } from '@facehash/facemodel';
import type { Observed, Wanted } from './types.js';

/** A pin wins over the samples; without either nothing is wanted. */
export function wantedVersion(observed: Pick<Observed, 'model' | 'pipeline' | 'latest' | 'stored'>): Wanted | null {
  const { pin } = observed.model.spec.versions;
  if (pin !== null) return { version: pin, snapshot: observed.stored.get(pin)?.samples.counter ?? 0, pinned: true };
  if (!observed.latest) return null;
  const { hyperparameters } = observed.model.spec.training;
  const { digest } = observed.latest;
  const version = versionName({ samplesDigest: digest, hyperparameters, pipeline: observed.pipeline, quarantined: quarantineOf(observed) });
  return { version, snapshot: observed.latest.counter, pinned: false };
}

/** Whom a run leaves out. The gate quarantines, so without it nobody is. */
export function quarantineOf({ model }: Pick<Observed, 'model'>): readonly Quarantine[] {
  if (model.spec.training.gate.mode !== 'Enforce') return [];
  return (model.status?.quarantined ?? []).map(({ personId, photosDigest }) => ({ personId, photosDigest }));
}

/** The versions whose manifests a pass needs to see. */
export function versionsOfInterest(observed: Pick<Observed, 'model' | 'pipeline' | 'latest' | 'active' | 'run'>): readonly string[] {
  const wanted = wantedVersion({ ...observed, stored: new Map() });
  const names = [wanted?.version, observed.active?.version, observed.run?.spec.version, observed.model.status?.rollout?.version.name];
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
