import type { ActivePointer, LatestPointer, RunOutcome, RunProgress, RunSpec, VersionManifest } from '@facehash/artifacts';
import type { Activation, QuarantinedPerson, Reason, Rollout, StoredFaceModel, Swept, TrainingFailure } from '@facehash/facemodel';

export interface ObservedRun {
  readonly spec: RunSpec;
  readonly progress?: RunProgress;
  /** Why it does not begin, for a person; absent once it has, and where nothing is in its way. */
  readonly waitingFor?: string;
  /** Present once the run has ended. */
  readonly outcome?: RunOutcome;
}

/** One replica's report on this model, with readiness already judged by its heartbeat. */
export interface ObservedReplica {
  readonly id: string;
  readonly ready: boolean;
  /** Names the versions that its pod was started for; absent or null: none. */
  readonly rollout?: string | null;
  readonly answering: string | null;
  readonly verifiedCold: string | null;
  readonly failed: {
    readonly version: string;
    readonly kind: 'artifact' | 'transient';
    readonly code: string;
    readonly message: string;
  } | null;
}

/** How far the pods are that Kubernetes restarts for a version. */
export interface Restart {
  /** What pods that were started for it report. */
  readonly token: string;
  /** No pod of before is left, and all are available. */
  readonly done: boolean;
  /** Why it does not go on, in a sentence; null: it does. */
  readonly failed: string | null;
}

/** Everything a decision is taken from. Gathered anew for each pass; nothing is remembered outside of it. */
export interface Observed {
  /** Read from the clock once per pass. */
  readonly now: Date;
  /** The resource; its status is what earlier passes wrote down. */
  readonly model: StoredFaceModel;
  /** The pipeline that this build of the trainer runs. */
  readonly pipeline: string;
  /** The newest snapshot, null when nobody was ever enrolled. */
  readonly latest: LatestPointer | null;
  /** `active.json`, the truth about what answers. */
  readonly active: ActivePointer | null;
  /** Manifests found in the store, of the versions that `versionsOfInterest` names. */
  readonly stored: ReadonlyMap<string, VersionManifest>;
  /** The run of this model that the runner knows, if any. */
  readonly run: ObservedRun | null;
  readonly replicas: readonly ObservedReplica[];
  /** Of the version that is being rolled out, where pods are restarted for it; null: none is yet. Absent: nobody restarts pods. */
  readonly restart?: Restart | null;
  /** People who are being erased: id to the moment of the wish. */
  readonly erasing: ReadonlyMap<string, string>;
  /** Whether the newest snapshot still lists one of them. */
  readonly latestListsErased: boolean;
  /** What was asked for since the last pass: that this version answers (null: whichever the samples ask for). Absent: nothing was. */
  readonly activate?: { readonly version: Activation['version'] | null };
  /** Names of the training profiles that there are. Absent: runs are run in one way only, whatever the spec names. */
  readonly profiles?: readonly string[];
  /** Whether one more run may start now: the bound on concurrent runs is the controller's. */
  readonly runSlotFree: boolean;
}

/** The version that the resource and the samples ask for. */
export interface Wanted {
  readonly version: string;
  readonly snapshot: number;
  /** Somebody said that it is to answer whatever is enrolled: in the spec, or by an activation. Null: the samples ask for it. */
  readonly held: 'Pinned' | 'Activated' | null;
  /** When it was activated: what went wrong with it before does not count. */
  readonly since?: string;
}

/** The one thing to do before the status is written. */
export type Step =
  | { readonly kind: 'startRun'; readonly spec: RunSpec }
  | { readonly kind: 'cancelRun'; readonly run: string }
  /** Write `active.json`. */
  | { readonly kind: 'activate'; readonly pointer: ActivePointer }
  /** Remove `active.json`: nobody answers. */
  | { readonly kind: 'deactivate' }
  | { readonly kind: 'sweep'; readonly keep: Keep };

/** What of a model stays stored; everything else that is no photo and no stage goes. No run is under way then. */
export interface Keep {
  /** These versions, where they are stored … */
  readonly versions: readonly string[];
  /** … and this many of the others, the newest first. */
  readonly others: number;
  /** No version that lists one of them, and no report of a run. */
  readonly without: readonly string[];
  /** This snapshot and newer ones. */
  readonly snapshotsFrom: number;
  /** Reports of the runs of these versions. */
  readonly reports: readonly string[];
}

/** What a check found. Fields that are absent leave the status as it was. */
export interface Decision {
  readonly reason: Reason;
  /** For a person: what happens now, or what to do. */
  readonly message: string;
  readonly step?: Step;
  /** An ended run that may be dropped once the status is written. */
  readonly forgetRun?: string;
  readonly rollout?: Rollout | null;
  readonly failure?: TrainingFailure | null;
  readonly quarantined?: readonly QuarantinedPerson[];
  readonly swept?: Swept;
  /** Look again after this many ms even if nothing changes. */
  readonly againAfterMs?: number;
}

export type Check = (observed: Observed, wanted: Wanted | null) => Decision | undefined;
