/** Whether there is something, as far as it can be found out. */
export type Presence = 'some' | 'none' | 'unknown';

/** What is left of a FaceModel that its owner deleted. */
export interface ObservedDeletion {
  readonly now: Date;
  readonly deletedAt: Date;
  /** Of all that is waited for. */
  readonly deadlineMs: number;
  /** Ours is among the finalizers. */
  readonly finalizer: boolean;
  /** The storage id is this model's, and not that of another FaceModel which is older. */
  readonly ownsStorage: boolean;
  /** Its owner keeps what is stored. */
  readonly keep: boolean;
  readonly tombstone: 'published' | 'missing' | 'unknown';
  readonly runs: readonly string[];
  readonly workloads: Presence;
  /** In the projection of people, which replicas take away first … */
  readonly names: Presence;
  /** … and under its prefix of the object store, last. */
  readonly objects: Presence;
}

export type DeletionStep =
  /** The object is not held by us. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'publishTombstone' }
  | { readonly kind: 'cancelRuns'; readonly runs: readonly string[] }
  | { readonly kind: 'removeWorkloads' }
  | { readonly kind: 'wait'; readonly why: string; readonly againAfterMs: number }
  /** Time is over: try all of it ourselves, and say what may be left. */
  | { readonly kind: 'giveUp'; readonly left: readonly string[] }
  | { readonly kind: 'release'; readonly outcome: DeletionOutcome };

export type DeletionOutcome = 'erased' | 'kept' | 'notOurs';

type Check = (o: ObservedDeletion) => DeletionStep | undefined;

const notHeld: Check = ({ finalizer }) => (finalizer ? undefined : { kind: 'nothing' });

/** A second FaceModel of one storage id never touched what is stored, and must not take it along. */
const ofSomebodyElse: Check = ({ ownsStorage }) => (ownsStorage ? undefined : { kind: 'release', outcome: 'notOurs' });

const done: Check = (o) => (leftOf(o).length === 0 ? { kind: 'release', outcome: o.keep ? 'kept' : 'erased' } : undefined);

/** A namespace must not stay Terminating because of us. */
const late: Check = (o) => (o.now.getTime() >= o.deletedAt.getTime() + o.deadlineMs ? { kind: 'giveUp', left: leftOf(o) } : undefined);

/** Before anything is taken away: from then on nobody answers and nothing is added. */
const notTold: Check = ({ tombstone }) => (tombstone === 'missing' ? { kind: 'publishTombstone' } : undefined);

const running: Check = ({ runs }) => (runs.length > 0 ? { kind: 'cancelRuns', runs } : undefined);

const served: Check = ({ workloads }) => (workloads === 'some' ? { kind: 'removeWorkloads' } : undefined);

const checks: readonly Check[] = [notHeld, ofSomebodyElse, done, late, notTold, running, served];

/**
 * The way of a FaceModel that was deleted: everybody is told → its runs end → its workloads go → replicas erase what is stored → it is let
 * go. Pure, and taken anew from what is there each time.
 */
export function deletionStep(observed: ObservedDeletion): DeletionStep {
  for (const check of checks) {
    const step = check(observed);
    if (step) return step;
  }
  return { kind: 'wait', why: `waiting for ${leftOf(observed).join(', ')}`, againAfterMs: pauseMs(observed) };
}

const PAUSE_MS = { min: 1000, max: 15_000 };

/** Most are done in seconds; who takes minutes is not asked each second. */
function pauseMs({ now, deletedAt }: ObservedDeletion): number {
  return Math.min(PAUSE_MS.max, Math.max(PAUSE_MS.min, (now.getTime() - deletedAt.getTime()) / 4));
}

/** For a person: what there is or may be. */
function leftOf({ tombstone, runs, workloads, names, objects, keep }: ObservedDeletion): readonly string[] {
  const stored: readonly (readonly [left: boolean, what: string])[] = [
    [names !== 'none', `names and rows in the registry${perhaps(names)}`],
    [objects !== 'none', `photos and versions in the object store${perhaps(objects)}`],
  ];
  const all = [
    [tombstone !== 'published', 'replicas that were not told'],
    [runs.length > 0, `training runs ${runs.join(', ')}`],
    [workloads !== 'none', `workloads of its own${perhaps(workloads)}`],
    ...(keep ? [] : stored),
  ] as const;
  return all.flatMap(([left, what]) => (left ? [what] : []));
}

function perhaps(presence: Presence): string {
  return presence === 'unknown' ? ', which could not be looked at' : '';
}
