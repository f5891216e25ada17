/** What a model is doing, in one word: the first column a person reads. */
export type Phase = 'Empty' | 'Waiting' | 'Training' | 'RollingOut' | 'Ready' | 'Degraded' | 'Suspended' | 'Deleting';

export type ConditionType = 'Ready' | 'Trained' | 'RolledOut' | 'Stalled';

/** Reasons are API: add, never rename. */
export type Reason =
  /** Nobody is enrolled yet. */
  | 'NoSamples'
  /** A snapshot waits for its training run to begin. */
  | 'WaitingForRun'
  /** A training run is under way. */
  | 'Training'
  /** The last training run failed and will be retried or needs new photos. */
  | 'TrainingFailed'
  /** Training failed as often as `training.retries` allows; new photos or a changed spec start it again. */
  | 'RetriesExhausted'
  /** The new version was significantly worse than the active one. */
  | 'GateRefused'
  /** Replicas are taking the new version over. */
  | 'RollingOut'
  /** Some replicas take longer than `progressDeadlineSeconds` to take the version over. */
  | 'RolloutStalled'
  /** Replicas could not take the new version over; the active one stays. */
  | 'RolledBack'
  /** The active version is trained on the newest snapshot. */
  | 'UpToDate'
  /** No version of the name in `versions.pin`, or of that of the activation, is stored. */
  | 'PinMissing'
  /** The version is pinned by `versions.pin`. */
  | 'Pinned'
  /** The version was activated by hand and answers until that is taken back. */
  | 'Activated'
  /** Training and rollouts are suspended by `spec.suspend`. */
  | 'Suspended'
  /** Somebody is being erased: nothing that was made from their photos is taken over, and what answers is replaced. */
  | 'Erasing';

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
  readonly observedGeneration: number;
}

export type TrainingStage = 'Starting' | 'Collecting' | 'Extracting' | 'Fitting' | 'Calibrating' | 'Evaluating' | 'Publishing';

/** Figures of a version that a person compares. */
export interface VersionSummary {
  readonly name: string;
  /** Counter of the snapshot it was trained on, or of a newer one with the same photos. */
  readonly snapshot: number;
  readonly trainedAt: string;
  readonly people: number;
  readonly photos: number;
  /** Out of fold, 0 to 1; null where too few photos exist to tell. */
  readonly rank1: number | null;
  readonly knownAcceptRate: number | null;
  readonly backend: string;
  readonly pipeline: string;
}

/** Why a snapshot did not become a version by itself. */
export interface TrainingFailure {
  /** Whose report tells more; null where none failed, as of a rollout that was taken back. */
  readonly run: string | null;
  readonly version: string;
  readonly snapshot: number;
  readonly attempt: number;
  /** True: only new photos or a changed spec start training again. */
  readonly final: boolean;
  readonly code: string;
  readonly message: string;
  readonly at: string;
  /** Generation of the spec that was in force. */
  readonly generation: number;
}

/** Somebody whose photos spoiled the recognition of others, left out of training for as long as the photos stay the same. */
export interface QuarantinedPerson {
  readonly personId: string;
  /** Identifies the photos: others get a new chance. */
  readonly photosDigest: string;
  /** The run that found it, whose report tells more. */
  readonly run: string;
  readonly message: string;
  readonly at: string;
}

/** A version on its way to the replicas. */
export interface Rollout {
  readonly version: VersionSummary;
  /** `First`: only `replicas` take it. `All`: everyone does, and `replicas` are those that promotion waits for. */
  readonly wave: 'First' | 'All';
  readonly replicas: readonly string[];
  readonly waveStartedAt: string;
}

/** The store holds nothing older than this that is not kept on purpose. */
export interface Swept {
  /** The version that answered; null: none. */
  readonly version: string | null;
  /** The newest snapshot then. */
  readonly snapshot: number;
  /** People who are being erased and whom nothing that is stored lists any more. Ordered. */
  readonly erased: readonly string[];
}

/** A version that was activated by hand: it answers, whatever is enrolled, until that is taken back. `versions.pin` of the spec wins over it. */
export interface Activation {
  readonly version: string;
  readonly at: string;
}

/** What is true of a model now. Written by its controller only, and all that the controller remembers of it. */
export interface FaceModelStatus {
  readonly phase: Phase;
  readonly storageId: string;
  readonly samples: { readonly people: number; readonly photos: number; readonly snapshot: number | null };
  readonly activeVersion: VersionSummary | null;
  readonly targetVersion: string | null;
  /** Absent in a status that was written before there were activations. */
  readonly activation?: Activation | null;
  readonly rollout: Rollout | null;
  readonly training: {
    readonly run: string | null;
    readonly stage: TrainingStage | null;
    /** Of the running run, 0 to 100. */
    readonly percent: number | null;
    /** Of the running run, from 1; 0 when none runs. */
    readonly attempt: number;
    readonly lastFailure: TrainingFailure | null;
  };
  /** Ordered by person id. */
  readonly quarantined: readonly QuarantinedPerson[];
  /** What the store was last tidied for. */
  readonly swept: Swept | null;
  readonly replicas: { readonly total: number; readonly updated: number; readonly failed: number };
  readonly conditions: readonly Condition[];
  readonly observedGeneration: number;
}
