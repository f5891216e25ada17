import { TRAINER_CONTAINER } from './names.js';
import { podSecurity, scratch } from './pod-security.js';
import type { JobSettings, RunOrder, TrainerNats } from './training-job.js';
import { visionProcesses } from './vision-processes.js';

const CREDENTIALS_DIR = '/var/run/facehash/store';
const AUTHORITY_DIR = '/var/run/facehash/authority';
const NATS_DIR = '/var/run/facehash/nats';
/** A trainer that is asked to end does so within a second. */
const STOP_SECONDS = 10;

type PodSettings = JobSettings & { readonly secretName: string };

/** The pod of one run, as restricted as the strictest pod security standard asks for, without any credentials of Kubernetes. */
export function trainerPod(order: RunOrder, settings: PodSettings): Readonly<Record<string, unknown>> {
  const { profile, accelerated } = order;
  const { affinity, runtimeClassName, priorityClassName, serviceAccountName } = profile;
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    // Services of the namespace would set variables that look like ours.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: STOP_SECONDS,
    securityContext: podSecurity,
    imagePullSecrets: profile.imagePullSecrets.map((name) => ({ name })),
    nodeSelector: { ...profile.nodeSelector, ...(accelerated ? profile.acceleratorNodeSelector : {}) },
    tolerations: [...profile.tolerations, ...acceleratorTolerations(order)],
    ...defined({ affinity, runtimeClassName, priorityClassName, serviceAccountName }),
    volumes: [...volumesOf(settings), ...profile.volumes],
    containers: [container(order, settings)],
  };
}

function container(order: RunOrder, settings: PodSettings): object {
  const { profile } = order;
  const variables = Object.entries(environment(order, settings));
  return {
    name: TRAINER_CONTAINER,
    image: profile.image,
    ...defined({ imagePullPolicy: profile.imagePullPolicy }),
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    // What is wrong with its configuration it only prints.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    env: variables.map(([name, value]) => ({ name, value })),
    resources: resourcesOf(order),
    volumeMounts: [...mountsOf(settings), ...profile.volumeMounts],
  };
}

function environment(
  { spec, profile, accelerated }: RunOrder,
  { storeEnvironment, storeAuthority, nats }: PodSettings,
): Record<string, string> {
  return {
    FACEHASH_VISION_PROCESSES: String(visionProcesses(profile.resources)),
    ...profile.env,
    ...(profile.tfjsBackend === undefined ? {} : { FACEHASH_TFJS_BACKEND: profile.tfjsBackend }),
    // Without one of its own it must not compute on what somebody else reserved.
    FACEHASH_TENSORFLOW_DEVICE: accelerated ? 'auto' : 'cpu',
    ...storeEnvironment,
    ...(storeAuthority === undefined ? {} : { FACEHASH_S3_CA_FILE: `${AUTHORITY_DIR}/${storeAuthority.key}` }),
    FACEHASH_S3_CREDENTIALS_DIR: CREDENTIALS_DIR,
    ...natsEnvironment(nats),
    FACEHASH_TERMINATION_MESSAGE: '/dev/termination-log',
    FACEHASH_RUN: JSON.stringify(spec),
  };
}

function natsEnvironment(nats: TrainerNats | undefined): Record<string, string> {
  if (nats === undefined) return {};
  const servers = { FACEHASH_NATS_SERVERS: nats.servers };
  if (nats.secret === undefined) return servers;
  const { credsKey, caKey } = nats.secret;
  return {
    ...servers,
    ...(credsKey === undefined ? { FACEHASH_NATS_CREDENTIALS_DIR: NATS_DIR } : { FACEHASH_NATS_CREDS_FILE: `${NATS_DIR}/${credsKey}` }),
    ...(caKey === undefined ? {} : { FACEHASH_NATS_CA_FILE: `${NATS_DIR}/${caKey}` }),
  };
}

/** Extended resources are requested as they are limited. */
function resourcesOf({ spec, profile, accelerated }: RunOrder): object {
  const { requests, limits } = profile.resources;
  const own = accelerated && spec.accelerator ? { [spec.accelerator.resource]: String(spec.accelerator.count) } : {};
  return { requests: { ...requests, ...own }, limits: { ...limits, ...own } };
}

/** Nodes with accelerators are often tainted by the resource's name, so that nobody else takes them. */
function acceleratorTolerations({ spec, accelerated }: RunOrder): readonly object[] {
  return accelerated && spec.accelerator ? [{ key: spec.accelerator.resource, operator: 'Exists', effect: 'NoSchedule' }] : [];
}

function volumesOf({ secretName, storeAuthority, nats }: PodSettings): readonly object[] {
  return [
    scratch,
    { name: 'store', secret: { secretName, defaultMode: 0o440 } },
    ...(storeAuthority === undefined ? [] : [{ name: 'authority', configMap: { name: storeAuthority.configMap } }]),
    // Optional: without it nobody hears how far the run is, and that is all.
    ...(nats?.secret === undefined ? [] : [{ name: 'nats', secret: { secretName: nats.secret.name, defaultMode: 0o440, optional: true } }]),
  ];
}

function mountsOf({ storeAuthority, nats }: PodSettings): readonly object[] {
  return [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'store', mountPath: CREDENTIALS_DIR, readOnly: true },
    ...(storeAuthority === undefined ? [] : [{ name: 'authority', mountPath: AUTHORITY_DIR, readOnly: true }]),
    ...(nats?.secret === undefined ? [] : [{ name: 'nats', mountPath: NATS_DIR, readOnly: true }]),
  ];
}

function defined(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
