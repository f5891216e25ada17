import { exitCodes, type RunSpec } from '@facehash/artifacts';
import { sha256Hex } from '@facehash/kernel';
import type { KubeObject, ObjectMeta } from '@facehash/operator-runtime';
import { ownerLabels } from './names.js';
import { overall, podSeconds } from './run-seconds.js';
import { trainerPod } from './trainer-pod.js';
import type { TrainingProfile } from './training-profiles.js';

/** What Jobs, their pods and their Secrets are found by, beside the labels that everything of a model carries. */
export const TRAINER_LABELS = { 'app.kubernetes.io/component': 'trainer' } as const;
export const QUEUE_LABEL = 'kueue.x-k8s.io/queue-name';

export const jobAnnotations = {
  run: 'facehash.dev/run',
  profile: 'facehash.dev/training-profile',
  startDeadline: 'facehash.dev/start-deadline-seconds',
  /** `true`: it asks for the accelerator of its run. */
  accelerated: 'facehash.dev/accelerated',
  /** Until when the credentials last that the run was given, or `FOREVER`; absent: it was given none yet. */
  credentialsUntil: 'facehash.dev/credentials-until',
} as const;

/** Of credentials that do not end. */
export const FOREVER = 'forever';

/** Whose run it is. */
export interface RunOwner {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export interface RunOrder {
  readonly spec: RunSpec;
  readonly owner: RunOwner;
  readonly profileName: string;
  readonly profile: TrainingProfile;
  readonly startDeadlineSeconds: number;
  /** Whether it is to have the accelerator that it asks for. */
  readonly accelerated: boolean;
}

export interface JobSettings {
  readonly platformNamespace: string;
  /** Where the objects are, as `s3Environment` says it, without credentials. */
  readonly storeEnvironment: Readonly<Record<string, string>>;
  /** A ConfigMap with the authority of the store's certificate. */
  readonly storeAuthority?: { readonly configMap: string; readonly key: string };
  /** Where runs tell how far they are. Left out, they do not. */
  readonly nats?: TrainerNats;
}

export interface TrainerNats {
  /** As the trainer's own setting. */
  readonly servers: string;
  /** Of the platform's namespace. Left out, NATS asks for no credentials. */
  readonly secret?: {
    readonly name: string;
    /** Of its credentials file; left out: `username` and `password`. */
    readonly credsKey?: string;
    /** Of the authority's certificate; left out: those that everybody trusts. */
    readonly caKey?: string;
  };
}

export interface StoreCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: for ever. */
  readonly expiresAt?: Date;
}

/**
 * At most 63 characters, as the label of its pods has. The same run has the same name, with and without its accelerator: whoever does not
 * know that the Job exists is told so by the API server.
 */
export function jobNameOf({ storageId, run }: Pick<RunSpec, 'storageId' | 'run'>, { name }: Pick<RunOwner, 'name'>): string {
  return `train-${name}-${sha256Hex(`${storageId}/${run}`).slice(0, 16)}`;
}

/**
 * The Job of one run. It is made suspended: its pod must not start before its credentials are there, and those belong to the Job, so that
 * they go with it.
 */
export function trainingJob(order: RunOrder, settings: JobSettings): KubeObject {
  const { spec, owner, profile } = order;
  const labels = { ...profile.labels, ...labelsOf(order) };
  const queue = profile.queueName === undefined ? {} : { [QUEUE_LABEL]: profile.queueName };
  const annotations = {
    ...profile.annotations,
    [jobAnnotations.run]: spec.run,
    [jobAnnotations.profile]: order.profileName,
    [jobAnnotations.startDeadline]: String(order.startDeadlineSeconds),
    [jobAnnotations.accelerated]: String(order.accelerated),
  };
  const name = jobNameOf(spec, owner);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: settings.platformNamespace, labels: { ...labels, ...queue }, annotations },
    spec: {
      suspend: true,
      // What may be tried again is tried by us, with another name for each attempt.
      backoffLimit: 0,
      completions: 1,
      parallelism: 1,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: { rules: podFailureRules },
      ...(overall(order) === undefined ? {} : { activeDeadlineSeconds: overall(order) }),
      template: {
        metadata: { labels, annotations: profile.annotations },
        spec: { ...trainerPod(order, { ...settings, secretName: name }), activeDeadlineSeconds: podSeconds(order) },
      },
    },
  };
}

/** An exit that says that no other try will help goes before the pod's being in the way; who was only in the way is run again by Kubernetes. */
const podFailureRules = [
  {
    action: 'FailJob',
    onExitCodes: { containerName: 'trainer', operator: 'In', values: [exitCodes.refused, exitCodes.untrainable, exitCodes.misconfigured] },
  },
  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
];

/** The credentials of a run, which go with its Job. */
export function credentialsSecret(
  { name, namespace, uid }: ObjectMeta,
  order: Pick<RunOrder, 'spec' | 'owner'>,
  credentials: StoreCredentials,
): KubeObject {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: labelsOf(order),
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: uid ?? '', controller: true, blockOwnerDeletion: false }],
    },
    type: 'Opaque',
    // Not stringData, of which server-side apply forgets who owns it. They are ASCII.
    data: {
      'access-key-id': btoa(accessKeyId),
      'secret-access-key': btoa(secretAccessKey),
      ...(sessionToken === undefined ? {} : { 'session-token': btoa(sessionToken) }),
    },
  };
}

function labelsOf({ spec, owner }: Pick<RunOrder, 'spec' | 'owner'>): Readonly<Record<string, string>> {
  return { ...ownerLabels({ ...owner, storageId: spec.storageId }), ...TRAINER_LABELS };
}
