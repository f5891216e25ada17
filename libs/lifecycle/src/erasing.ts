import type { VersionManifest } from '@facehash/artifacts';
import type { Swept } from '@facehash/facemodel';
import { versionOf } from './run-name.js';
import type { Check, Decision, Keep, Observed, Wanted } from './types.js';

/** A version that knows somebody who is being erased goes when another answers, and at the latest this long after the wish. */
const DEADLINE_MS = 3_600_000;

/** Whether the version was made with the photos of somebody who is being erased. */
export function listsErased({ erasing }: Pick<Observed, 'erasing'>, manifest: VersionManifest | undefined): boolean {
  return erasing.size > 0 && manifest !== undefined && manifest.people.some((id) => erasing.has(id));
}

export function activeListsErased(o: Pick<Observed, 'erasing' | 'active' | 'stored'>): boolean {
  return o.active !== null && listsErased(o, o.stored.get(o.active.version));
}

/** Nobody is enrolled who could be trained on, or too much time has passed: then "unknown" is the right answer. */
export const withdrawErased: Check = (o, wanted) => {
  if (!o.active || !activeListsErased(o)) return undefined;
  const listed = o.stored.get(o.active.version)?.people.flatMap((id) => o.erasing.get(id) ?? []) ?? [];
  const first = Math.min(...listed.map((at) => Date.parse(at)));
  if (wanted && o.now.getTime() < first + DEADLINE_MS) return undefined;
  const message = `version ${o.active.version} is withdrawn: it was made with the photos of somebody who is being erased`;
  return { reason: 'Erasing', message, step: { kind: 'deactivate' } };
};

/** The newest snapshot is from before the wish; the one after it is being cut. */
export const snapshotListsErased: Check = (o, wanted) =>
  o.latestListsErased && !wanted?.held
    ? { reason: 'Erasing', message: 'waiting for a snapshot without a person who is being erased' }
    : undefined;

/** A run that may read the photos of somebody who is being erased, while there is a snapshot without them. */
export function runHoldsErased(o: Observed): boolean {
  const known = new Set(o.model.status?.swept?.erased);
  const pending = [...o.erasing.keys()].some((id) => !known.has(id));
  return pending && !o.latestListsErased && (o.latest?.counter ?? 0) > (o.run?.spec.snapshot ?? Number.POSITIVE_INFINITY);
}

/**
 * Once nothing else is to be done, what nobody needs goes: after a promotion, and when somebody is being erased. Of what a failed run left,
 * the next promotion takes care.
 */
export function withSweep(o: Observed, wanted: Wanted | null, decision: Decision): Decision {
  if (!settled(o, decision) || !o.latest) return decision;
  const before = o.model.status?.swept ?? NOTHING_SWEPT;
  const gone = nowhereListed(o);
  if (promotedSince(o, before) || gone.some((id) => !before.erased.includes(id))) {
    const swept = { version: o.active?.version ?? null, snapshot: o.latest.counter, erased: gone };
    return { ...decision, step: { kind: 'sweep', keep: kept(o, wanted, { without: gone, snapshotsFrom: o.latest.counter }) }, swept };
  }
  // Whose erasure is complete needs no mention any more.
  const erased = before.erased.filter((id) => o.erasing.has(id));
  return erased.length === before.erased.length ? decision : { ...decision, swept: { ...before, erased } };
}

/** Those who are being erased and whom, after a sweep, nothing that is stored lists. Ordered. */
function nowhereListed(o: Observed): readonly string[] {
  return o.latestListsErased || activeListsErased(o) ? [] : [...o.erasing.keys()].sort();
}

const NOTHING_SWEPT: Swept = { version: null, snapshot: 0, erased: [] };

function promotedSince({ active }: Observed, swept: Swept): boolean {
  return active !== null && active.version !== swept.version;
}

function settled(o: Observed, { step, rollout }: Decision): boolean {
  const rolling = rollout === undefined ? o.model.status?.rollout : rollout;
  return !o.run && !rolling && !step;
}

function kept(o: Observed, wanted: Wanted | null, rest: Pick<Keep, 'without' | 'snapshotsFrom'>): Keep {
  const versions = [...new Set([o.active?.version, wanted?.version])].filter((name) => name !== undefined);
  // A report names people by their ids.
  const reports = rest.without.length > 0 ? [] : [...new Set([...versions, ...versionsOfTrouble(o)])];
  return { versions, others: o.model.spec.versions.keep, reports, ...rest };
}

/** Those whose reports the status points to: of the last failure, and of the runs that found somebody to quarantine. */
function versionsOfTrouble({ model: { status } }: Observed): readonly string[] {
  const failed = status?.training.lastFailure?.version;
  return [...(failed === undefined ? [] : [failed]), ...(status?.quarantined ?? []).map(({ run }) => versionOf(run))];
}
