import { versionName, type Quarantine, type VersionManifest } from '@facehash/artifacts';
import type { Activation, VersionSummary } from '@facehash/facemodel';
import { listsErased } from './erasing.js';
import type { Observed, Wanted } from './types.js';

type Wishes = Pick<Observed, 'now' | 'model' | 'pipeline' | 'latest' | 'stored' | 'erasing' | 'activate'>;

/**
 * The spec's pin wins over an activation, and that over the samples; but for a version that knows somebody who is being erased. Without any of
 * them nothing is wanted.
 */
export function wantedVersion(observed: Wishes): Wanted | null {
  const { stored } = observed;
  const { pin } = observed.model.spec.versions;
  const pinned = pin === null ? undefined : stored.get(pin);
  if (pin !== null && !listsErased(observed, pinned)) return { version: pin, snapshot: pinned?.samples.counter ?? 0, held: 'Pinned' };
  const activation = activationOf(observed);
  if (activation === null) return wantedBySamples(observed);
  const { version, at } = activation;
  return { version, snapshot: stored.get(version)?.samples.counter ?? 0, held: 'Activated', since: at };
}

function wantedBySamples(observed: Omit<Wishes, 'stored'>): Wanted | null {
  if (!observed.latest || observed.latest.people === 0) return null;
  const { hyperparameters } = observed.model.spec.training;
  const { digest } = observed.latest;
  const version = versionName({ samplesDigest: digest, hyperparameters, pipeline: observed.pipeline, quarantined: quarantineOf(observed) });
  return { version, snapshot: observed.latest.counter, held: null };
}

/** What is recorded from this pass on. The activation of a version that knows somebody who is being erased ends: that version goes. */
export function activationOf(observed: Wishes): Activation | null {
  const activation = askedFor(observed);
  return activation && listsErased(observed, observed.stored.get(activation.version)) ? null : activation;
}

/** What was recorded, unless something else has been asked for since. Asked for again it stays as it is. */
function askedFor({ model, activate, now }: Pick<Observed, 'model' | 'activate' | 'now'>): Activation | null {
  const recorded = model.status?.activation ?? null;
  if (!activate || activate.version === recorded?.version) return recorded;
  return activate.version === null ? null : { version: activate.version, at: now.toISOString() };
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
    askedFor(observed)?.version,
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
