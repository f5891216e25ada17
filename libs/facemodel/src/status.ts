/** What a model is doing, in one word: the first column a person reads. */
export const phases = {
  Empty: 'Nobody is enrolled, or no version answers any more.',
  Waiting: 'Photos wait for their training run.',
  Training: 'A run makes a version; the one before it answers, if there is one.',
  RollingOut: 'Replicas take a version over, a wave at a time.',
  Ready: 'The version that answers knows all that is enrolled.',
  Degraded: 'A version answers, if there ever was one, but no newer one gets there. The conditions say why.',
  Suspended: 'By `spec.suspend`: nothing is trained and nothing is taken over.',
  Deleting: 'The model is being erased.',
} as const;
export type Phase = keyof typeof phases;

/** Each is there from the first status on, as True or False. */
export const conditionTypes = {
  Ready: 'A version answers.',
  Trained: 'The version that is wanted answers: that of the newest snapshot, or the one that was pinned or activated.',
  RolledOut: 'That version answers, and no other one is on its way to the replicas.',
  Stalled: 'Something is in the way that does not go by itself, or not soon. False is the good answer.',
} as const;
export type ConditionType = keyof typeof conditionTypes;

/** Reasons are API: add, never rename. */
export const reasons = {
  NoSamples: 'Nobody is enrolled yet, or nobody any more.',
  ApiKeySecretTaken: 'The Secret that the key belongs in is somebody else’s; keys that were valid stay so.',
  ApiKeySecretRefused: 'The Secret of the key could not be written; keys that were valid stay so.',
  ApiKeyMalformed: 'What the Secret of the key holds is no API key; keys that were valid stay so.',
  WaitingForRun: 'A snapshot waits for its training run to begin.',
  Training: 'A training run is under way.',
  TrainingFailed: 'The last training run failed and will be retried or needs new photos.',
  RetriesExhausted: 'Training failed as often as `training.retries` allows; new photos or a changed spec start it again.',
  GateRefused: 'The new version was significantly worse than the active one.',
  RollingOut: 'Replicas are taking the new version over.',
  RolloutStalled: 'Some replicas take longer than `progressDeadlineSeconds` to take the version over.',
  RolledBack: 'Replicas could not take the new version over; the active one stays.',
  UpToDate: 'The active version is trained on the newest snapshot.',
  ProfileMissing: 'The operator has no training profile of the name in `training.profile`: nothing is trained until another one is named.',
  DedicatedRefused: 'The cluster refuses pods of its own to a Dedicated model, as a quota or a webhook does; it is asked every minute.',
  PinMissing: 'No version of the name in `versions.pin`, or of that of the activation, is stored.',
  Pinned: 'The version is pinned by `versions.pin`.',
  Activated: 'The version was activated by hand and answers until that is taken back.',
  Suspended: 'Training and rollouts are suspended by `spec.suspend`.',
  SpecInvalid: 'The operator cannot read the spec; what was known of the model goes on answering.',
  StorageIdTaken: 'Another FaceModel, which is older, has this storage id.',
  Erasing: 'Somebody is being erased: nothing that was made from their photos is taken over, and what answers is replaced.',
} as const;
export type Reason = keyof typeof reasons;

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
    /** Why the run does not begin, for a person; null: nothing is in its way. Absent in a status that was written before that was told. */
    readonly waitingFor?: string | null;
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
