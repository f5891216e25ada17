import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runSpecSchema, type RunSpec } from '@facehash/artifacts';
import type { TensorflowOptions } from '@facehash/classifier-tfjs';
import { builtInConstants } from '@facehash/classifier-core';
import type { TrainedPipeline } from '@facehash/training';
import { builtIn } from '@facehash/vision-core';
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
import { pipelineToTrain } from '@facehash/vision-pipelines';
import { z } from 'zod';

const json = z.string('is not set: it says what to train, as JSON').transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is not JSON' });
    return z.NEVER;
  }
});

const fields = z.object({
  FACEHASH_RUN: json.pipe(runSpecSchema),
  /** The object store: a folder, or a bucket. */
  FACEHASH_OBJECTS_DIR: z.string().min(1).optional(),
  ...s3Variables,
  /** Where to tell how far the run is, beside standard output. */
  ...natsVariables,
  FACEHASH_NETWORKS_DIR: z.string('is not set: npm start converts the networks and sets it; a program started by hand needs it set').min(1),
  /** Description of a descriptor network of one's own: see docs/own-network.md. */
  FACEHASH_DESCRIPTOR: pipelineToTrain.optional(),
  FACEHASH_VISION_WORKER: z
    .string()
    .min(1)
    .default(fileURLToPath(new URL('../../vision-worker/dist/main.js', import.meta.url))),
  /** libuv counts the CPUs that the control group allows, not those of the machine. */
  FACEHASH_VISION_PROCESSES: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
  FACEHASH_TFJS_BACKEND: z.enum(['wasm', 'cpu', 'tensorflow']).default('wasm'),
  /** Where `npm run tensorflow` built it. */
  FACEHASH_TENSORFLOW_DIR: z.string().min(1).optional(),
  /** `gpu`: any run is refused, to be tried again, where TensorFlow finds none. `auto`: as the FaceModel's accelerator says. */
  FACEHASH_TENSORFLOW_DEVICE: z.enum(['auto', 'cpu', 'gpu']).default('auto'),
  /** File that the outcome is written to, as Kubernetes reads a termination message. */
  FACEHASH_TERMINATION_MESSAGE: z.string().min(1).optional(),
  /** End when the process at the other end of standard input, or of the IPC channel, is gone. */
  FACEHASH_EXIT_WITH_PARENT: z.literal('1', 'must be 1 or left out').optional(),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Left out: JSON. Nobody reads a trainer's log at a terminal. */
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
});

const environment = fields
  .refine((e) => e.FACEHASH_TFJS_BACKEND !== 'tensorflow' || e.FACEHASH_TENSORFLOW_DIR !== undefined, {
    path: ['FACEHASH_TENSORFLOW_DIR'],
    message: 'is not set, which FACEHASH_TFJS_BACKEND=tensorflow needs: npm run tensorflow builds it and says the folder',
    // Also when something else is wrong: all of it is told at once.
    when: () => true,
  })
  .refine((e) => e.FACEHASH_OBJECTS_DIR !== undefined || e.FACEHASH_S3_ENDPOINT !== undefined, {
    path: ['FACEHASH_OBJECTS_DIR'],
    message: 'is not set: it is the folder of the object store; of one on S3, FACEHASH_S3_ENDPOINT is the address',
    when: () => true,
  })
  .refine((e) => e.FACEHASH_OBJECTS_DIR === undefined || e.FACEHASH_S3_ENDPOINT === undefined, {
    path: ['FACEHASH_OBJECTS_DIR'],
    message: 'must be left out beside FACEHASH_S3_ENDPOINT',
    when: () => true,
  })
  .superRefine(
    (e, context) => {
      for (const [name, message] of [...s3Faults(e), ...natsFaults(e)]) context.addIssue({ code: 'custom', path: [name], message });
    },
    { when: () => true },
  );

/** What programs that we start may know of the environment beside what they are told. The last one marks the processes of a test run. */
const handedOn = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'FACEHASH_TEST_RUN'];

/** What the key's model is computed on. */
export type BackendChoice = { readonly name: 'wasm' | 'cpu' } | ({ readonly name: 'tensorflow' } & TensorflowOptions);

export interface TrainerConfig {
  readonly run: RunSpec;
  /** Where the object store is. */
  readonly objects: { readonly folder: string } | { readonly s3: S3Settings };
  /** Undefined: only standard output is told how far the run is. */
  readonly nats: Pick<NatsSettings, 'servers' | 'auth' | 'caFile'> | undefined;
  readonly networksDir: string;
  readonly visionWorker: string;
  readonly visionProcesses: number;
  readonly backend: BackendChoice;
  readonly pipeline: TrainedPipeline;
  /** Of the description, for the vision workers. */
  readonly descriptor: string | undefined;
  readonly terminationMessage: string | undefined;
  readonly exitWithParent: boolean;
  /** For the vision workers. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'; readonly pretty: boolean };
}

/** Reads the environment once. Throws one error that lists everything that is wrong with it. */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): TrainerConfig {
  // An empty variable means "not set", as shells and compose files write it.
  const given = Object.fromEntries(
    Object.entries(source).flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, value]])),
  );
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
    throw new Error(`The configuration is not valid:\n${faults.join('\n')}`);
  }
  const e = parsed.data;
  return Object.freeze({
    run: e.FACEHASH_RUN,
    objects: objectsOf(e),
    nats: natsOf(e),
    networksDir: e.FACEHASH_NETWORKS_DIR,
    visionWorker: e.FACEHASH_VISION_WORKER,
    visionProcesses: e.FACEHASH_VISION_PROCESSES,
    backend: backendOf(e),
    pipeline: e.FACEHASH_DESCRIPTOR ?? { ...builtIn, constants: builtInConstants },
    descriptor: e.FACEHASH_DESCRIPTOR?.path,
    terminationMessage: e.FACEHASH_TERMINATION_MESSAGE,
    exitWithParent: e.FACEHASH_EXIT_WITH_PARENT !== undefined,
    childEnvironment: Object.fromEntries(Object.entries(given).filter(([name]) => handedOn.includes(name))),
    log: { level: e.LOG_LEVEL, pretty: e.LOG_FORMAT === 'pretty' },
  });
}

function objectsOf(e: z.output<typeof fields>): TrainerConfig['objects'] {
  const s3 = s3Settings(e);
  return s3 ? { s3 } : { folder: e.FACEHASH_OBJECTS_DIR ?? '' };
}

/** It asks for nothing and waits for no answer. */
function natsOf(e: z.output<typeof fields>): TrainerConfig['nats'] {
  const { servers, auth, caFile } = natsSettings(e) ?? {};
  return servers && { servers, ...(auth ? { auth } : {}), ...(caFile === undefined ? {} : { caFile }) };
}

function backendOf(e: z.output<typeof fields>): BackendChoice {
  if (e.FACEHASH_TFJS_BACKEND !== 'tensorflow') return { name: e.FACEHASH_TFJS_BACKEND };
  return { name: 'tensorflow', addonDir: e.FACEHASH_TENSORFLOW_DIR ?? '', device: e.FACEHASH_TENSORFLOW_DEVICE };
}
