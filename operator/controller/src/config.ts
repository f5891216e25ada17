import { hostname } from 'node:os';
import {
  natsFaults,
  natsSettings,
  natsVariables,
  s3Faults,
  s3Settings,
  s3Variables,
  type NatsSettings,
  type S3Settings,
} from '@facehash/settings';
import type { TrainerNats } from '@facehash/operator-reconcilers';
import { builtIn } from '@facehash/vision-core';
import { z } from 'zod';

const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace');

const secretKey = z
  .string()
  .max(253)
  .regex(/^[-._a-zA-Z0-9]+$/, 'must be the name of a key in a Secret');

/** Also where single settings are wrong: what is wrong with several together is told beside it. */
const allAtOnce = { when: () => true };

/** Beside those of the stores. */
export const operatorVariables = {
  /** Left out: the service account of the pod. */
  KUBECONFIG: z.string().min(1).optional(),
  /** Where Jobs and workloads run: the release's own. */
  FACEHASH_PLATFORM_NAMESPACE: namespace.default('facehash'),
  /** Left out: the FaceModels of every namespace. */
  FACEHASH_WATCH_NAMESPACE: namespace.optional(),
  /** The name of the pod. */
  FACEHASH_OPERATOR_NAME: z.string().min(1).max(200).default(hostname()),
  FACEHASH_LEASE_NAME: z.string().min(1).max(63).default('facehash-operator'),
  FACEHASH_TRAINING_PROFILES_FILE: z.string('is not set: it is the file with the training profiles').min(1),
  /** Where training runs tell how far they are; left out, nobody hears it before they end. */
  FACEHASH_TRAINER_NATS_SERVERS: natsVariables.FACEHASH_NATS_SERVERS,
  /** A Secret of the platform's namespace with the credentials of a user who may do what a trainer may; left out, NATS asks for none. */
  FACEHASH_TRAINER_NATS_SECRET: z.string().min(1).max(253).optional(),
  FACEHASH_TRAINER_NATS_CREDS_KEY: secretKey.optional(),
  FACEHASH_TRAINER_NATS_CA_KEY: secretKey.optional(),
  /** ConfigMap of the platform's namespace with `ca.crt`: where the store's certificate is of an authority of one's own, runs mount it. */
  FACEHASH_S3_CA_CONFIGMAP: z.string().min(1).max(253).optional(),
  FACEHASH_TRAINING_RUNS_MAX: z.coerce.number().int().min(1).max(1000).default(2),
  /** What the trainer's images describe faces by. */
  FACEHASH_PIPELINE: z.string().min(1).max(200).default(builtIn.id),
  /** Labels of the pods that answer; left out, every replica that reports counts, be its pod there or not. */
  FACEHASH_INFERENCE_SELECTOR: z.string().min(1).max(500).optional(),
  /** How pods of a Dedicated model look; left out, there are none, and a model that asks for them is told so. */
  FACEHASH_DEDICATED_TEMPLATE_FILE: z.string().min(1).optional(),
  /** The Deployment of the replicas that all models share, for RestartPods; left out, versions are swapped in running replicas. */
  FACEHASH_INFERENCE_DEPLOYMENT: z.string().min(1).max(253).optional(),
  FACEHASH_RECONCILE_WORKERS: z.coerce.number().int().min(1).max(256).default(16),
  /** On average; twice as many at once after a pause. The API server's own fairness does the rest. */
  FACEHASH_KUBERNETES_CALLS_PER_SECOND: z.coerce.number().min(1).max(10_000).default(100),
  FACEHASH_DELETION_DEADLINE_SECONDS: z.coerce.number().min(1).max(86_400).default(600),
  MANAGEMENT_PORT: z.coerce.number().int().min(0).max(65535).default(9090),
  /** Probes and Prometheus come from other pods. */
  HOST: z.string().min(1).default('0.0.0.0'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
};

const environment = z.object({ ...s3Variables, ...natsVariables, ...operatorVariables }).superRefine((e, context) => {
  const wrong = (name: string, message: string): void => context.addIssue({ code: 'custom', path: [name], message });
  for (const [name, message] of [...s3Faults(e), ...natsFaults(e)]) wrong(name, message);
  for (const [name, message] of trainerNatsFaults(e)) wrong(name, message);
  for (const name of ['FACEHASH_S3_ENDPOINT', 'FACEHASH_NATS_SERVERS'] as const) if (e[name] === undefined) wrong(name, 'is not set');
}, allAtOnce);

export interface OperatorConfig {
  readonly kubeconfig: string | undefined;
  readonly platformNamespace: string;
  readonly watchNamespace: string | undefined;
  readonly name: string;
  readonly leaseName: string;
  readonly profilesFile: string;
  /** For the trainers' Jobs. */
  readonly trainerNats: TrainerNats | undefined;
  readonly runsMax: number;
  readonly pipeline: string;
  readonly inferenceSelector: string | undefined;
  readonly dedicatedTemplateFile: string | undefined;
  readonly inferenceDeployment: string | undefined;
  readonly workers: number;
  readonly callsPerSecond: number;
  readonly deletionDeadlineMs: number;
  readonly s3: S3Settings;
  readonly s3CaConfigMap: string | undefined;
  readonly nats: NatsSettings;
  readonly managementPort: number;
  readonly host: string;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'; readonly pretty: boolean };
}

/** Reads the environment once. Throws one error that lists everything that is wrong with it. */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): OperatorConfig {
  // An empty variable means "not set", as shells and manifests write it.
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(given);
  const [s3, nats] = parsed.success ? [s3Settings(parsed.data), natsSettings(parsed.data)] : [];
  if (!parsed.success || !s3 || !nats) {
    const faults = parsed.error?.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`) ?? [];
    throw new Error(`The configuration is not valid:\n${faults.join('\n')}`);
  }
  const e = parsed.data;
  return Object.freeze({
    kubeconfig: e.KUBECONFIG,
    platformNamespace: e.FACEHASH_PLATFORM_NAMESPACE,
    watchNamespace: e.FACEHASH_WATCH_NAMESPACE,
    name: e.FACEHASH_OPERATOR_NAME,
    leaseName: e.FACEHASH_LEASE_NAME,
    profilesFile: e.FACEHASH_TRAINING_PROFILES_FILE,
    trainerNats: trainerNatsIn(e),
    runsMax: e.FACEHASH_TRAINING_RUNS_MAX,
    pipeline: e.FACEHASH_PIPELINE,
    inferenceSelector: e.FACEHASH_INFERENCE_SELECTOR,
    dedicatedTemplateFile: e.FACEHASH_DEDICATED_TEMPLATE_FILE,
    inferenceDeployment: e.FACEHASH_INFERENCE_DEPLOYMENT,
    workers: e.FACEHASH_RECONCILE_WORKERS,
    callsPerSecond: e.FACEHASH_KUBERNETES_CALLS_PER_SECOND,
    deletionDeadlineMs: e.FACEHASH_DELETION_DEADLINE_SECONDS * 1000,
    s3,
    s3CaConfigMap: e.FACEHASH_S3_CA_CONFIGMAP,
    nats,
    managementPort: e.MANAGEMENT_PORT,
    host: e.HOST,
    log: { level: e.LOG_LEVEL, pretty: e.LOG_FORMAT === 'pretty' },
  });
}

type TrainerVariables = {
  readonly [Name in keyof typeof operatorVariables as Name extends `FACEHASH_TRAINER_NATS_${string}` ? Name : never]?: z.output<
    (typeof operatorVariables)[Name]
  >;
};

/** What is wrong with them together. */
function trainerNatsFaults(e: TrainerVariables): readonly (readonly [name: keyof TrainerVariables, message: string])[] {
  const secret = e.FACEHASH_TRAINER_NATS_SECRET;
  const keys = ['FACEHASH_TRAINER_NATS_CREDS_KEY', 'FACEHASH_TRAINER_NATS_CA_KEY'] as const;
  return [
    ...(secret !== undefined && e.FACEHASH_TRAINER_NATS_SERVERS === undefined
      ? [['FACEHASH_TRAINER_NATS_SERVERS', 'is not set, which FACEHASH_TRAINER_NATS_SECRET needs'] as const]
      : []),
    ...keys.flatMap((name) =>
      e[name] !== undefined && secret === undefined
        ? [['FACEHASH_TRAINER_NATS_SECRET', `is not set, in which ${name} is a key`] as const]
        : [],
    ),
  ];
}

function trainerNatsIn(e: TrainerVariables): TrainerNats | undefined {
  const servers = e.FACEHASH_TRAINER_NATS_SERVERS?.join(',');
  if (servers === undefined) return undefined;
  const name = e.FACEHASH_TRAINER_NATS_SECRET;
  if (name === undefined) return { servers };
  const { FACEHASH_TRAINER_NATS_CREDS_KEY: credsKey, FACEHASH_TRAINER_NATS_CA_KEY: caKey } = e;
  return {
    servers,
    secret: { name, ...(credsKey === undefined ? {} : { credsKey }), ...(caKey === undefined ? {} : { caKey }) },
  };
}
