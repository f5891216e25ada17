import { availableParallelism, hostname } from 'node:os';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { isApiKey } from '@facehash/facemodel';
import {
  mongoFaults,
  mongoSettings,
  mongoVariables,
  natsFaults,
  natsSettings,
  natsVariables,
  s3Faults,
  s3Settings,
  s3Variables,
  type MongoSettings,
  type NatsSettings,
  type S3Settings,
} from '@facehash/settings';
import { describedPipeline, pipelineToTrain, type OwnPipeline, type PipelineToTrain } from '@facehash/vision-pipelines';
import { z } from 'zod';

const MIB = 1024 ** 2;
const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const port = z.coerce.number().int().min(0).max(65535);
const bytes = z.coerce.number().int().min(1024);
const seconds = z.coerce.number().positive().max(86_400);

/**
 * Images that wait, unless it is said otherwise: a dozen for each worker makes the last one wait for a dozen times the work on one, about a
 * quarter of a second. Sixteen clients that ask without a pause are served by one worker, too.
 */
const QUEUE_PER_PROCESS = 12;
const QUEUE_MIN = 16;

/** In a cluster, where health and metrics are not for who asks from outside. */
const MANAGEMENT_PORT = 5001;

const needsStores: readonly string[] = ['cluster', 'lifecycle'];
const ofStores = ['FACEHASH_S3_ENDPOINT', 'FACEHASH_MONGODB_URL', 'FACEHASH_NATS_SERVERS'] as const;

type OfStore = (typeof ofStores)[number];

function missingStores(
  e: { readonly FACEHASH_MODE: string } & Readonly<Partial<Record<OfStore, unknown>>>,
): readonly (readonly [name: OfStore, message: string])[] {
  if (!needsStores.includes(e.FACEHASH_MODE)) return [];
  const missing = ofStores.filter((name) => e[name] === undefined);
  return missing.map((name) => [name, `is not set, which FACEHASH_MODE=${e.FACEHASH_MODE} needs`]);
}

/** Also where single settings are wrong: what is wrong with several together is told beside it. */
const allAtOnce = { when: () => true };

/** Every setting of the program. Units stand last in the names. */
const environment = z
  .object({
    /** `cluster`: one replica of several over S3, MongoDB and NATS. `lifecycle`: beside those, the loop that trains and promotes, without a cluster's operator. */
    FACEHASH_MODE: z.enum(['standalone', 'cluster', 'lifecycle']).default('standalone'),
    /** Id of this replica among all; in a cluster the UID of its pod. */
    FACEHASH_REPLICA: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,63}$/, 'must be at most 63 letters, digits, _ and -')
      .optional(),
    /** Storage id of the one model that this replica answers for, whose calls other replicas send here. */
    FACEHASH_ONLY_MODEL: z
      .string()
      .regex(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/, 'must be a storage id')
      .optional(),
    /** Names the versions that this replica was started for, of models whose pods are restarted for each. */
    FACEHASH_ROLLOUT: z.string().max(63).optional(),
    ...s3Variables,
    ...mongoVariables,
    ...natsVariables,
    PORT: port.default(5000),
    HOST: z.string().min(1).default('127.0.0.1'),
    /** Where health and metrics listen by themselves; without it they are served on the main port only. */
    MANAGEMENT_PORT: port.optional(),
    FACEHASH_DATA_DIR: z.string().min(1).default('./data'),
    FACEHASH_BOOTSTRAP_API_KEY: z
      .string()
      .refine(isApiKey, 'is not a whole API key: fhk_ and 49 letters and digits, the last six of which are a checksum')
      .optional(),
    FACEHASH_NETWORKS_DIR: z
      .string('is not set: npm start converts the networks and sets it; a program started by hand needs it set')
      .min(1),
    /** Descriptions of descriptor networks of one's own: the one in use, and the one before, whose versions answer until they are replaced. */
    FACEHASH_DESCRIPTOR: pipelineToTrain.optional(),
    FACEHASH_DESCRIPTOR_PREVIOUS: describedPipeline.optional(),
    FACEHASH_VISION_WORKER: z.string().min(1).default(program('../../vision-worker/dist/main.js')),
    FACEHASH_TRAINER: z.string().min(1).default(program('../../trainer/dist/main.js')),
    /** libuv counts the CPUs that the control group allows, not those of the machine. */
    VISION_PROCESSES: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
    VISION_QUEUE_MAX: z.coerce.number().int().min(0).max(10_000).optional(),
    VISION_QUEUE_WAIT_SECONDS: seconds.default(2),
    VISION_WORKER_RSS_BYTES_MAX: bytes.default(512 * MIB),
    VISION_WORKER_JOBS_MAX: z.coerce.number().int().min(1).optional(),
    BODY_BYTES_MAX: bytes.default(20 * MIB),
    TRAIN_BODY_BYTES_MAX: bytes.default(200 * MIB),
    /** All bodies that are in memory at once. */
    BODIES_BYTES_MAX: bytes.default(512 * MIB),
    TRAIN_WAIT_SECONDS: seconds.default(300),
    /** Calls that are under way at once: far above what is answered in time, far below what memory holds. */
    REQUESTS_MAX: z.coerce.number().int().min(1).max(100_000).default(1000),
    REQUEST_TIMEOUT_SECONDS: seconds.default(30),
    UPLOAD_TIMEOUT_SECONDS: seconds.default(600),
    SHUTDOWN_GRACE_SECONDS: seconds.default(20),
    MODEL_CACHE_BYTES_MAX: bytes.default(512 * MIB),
    TRAINING_RUNS_MAX: z.coerce.number().int().min(1).max(64).default(1),
    /** OpenTelemetry's own variable: where spans are sent to by OTLP over HTTP. Left out, there are none. */
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an address such as http://localhost:4318' }).optional(),
    LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    /** Left out: readable lines at a terminal, JSON elsewhere. */
    LOG_FORMAT: z.enum(['json', 'pretty']).optional(),
    FACEHASH_CRASH_AT: z
      .string()
      .regex(/^[A-Za-z.]+(?::[1-9]\d*)?$/, 'must be the name of a checkpoint, with `:n` for the n-th time')
      .optional(),
    FACEHASH_ALLOW_CRASH_POINTS: z.literal('1', 'must be 1 or left out').optional(),
  })
  .superRefine((e, context) => {
    const wrong = (path: keyof typeof e, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (e.FACEHASH_CRASH_AT !== undefined && e.FACEHASH_ALLOW_CRASH_POINTS === undefined) {
      wrong('FACEHASH_CRASH_AT', 'kills the program on purpose, for tests: it needs FACEHASH_ALLOW_CRASH_POINTS=1 beside it');
    }
    if (e.BODIES_BYTES_MAX < 2 * e.BODY_BYTES_MAX)
      wrong('BODIES_BYTES_MAX', 'must be twice BODY_BYTES_MAX or more: a JSON body is held beside the image in it');
    if (e.MANAGEMENT_PORT !== undefined && e.MANAGEMENT_PORT !== 0 && e.MANAGEMENT_PORT === e.PORT)
      wrong('MANAGEMENT_PORT', 'must differ from PORT');
  }, allAtOnce)
  .superRefine((e, context) => {
    const wrong = (path: keyof typeof e, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    for (const [name, message] of [...s3Faults(e), ...mongoFaults(e), ...natsFaults(e), ...missingStores(e)]) wrong(name, message);
    if (e.FACEHASH_ONLY_MODEL !== undefined && e.FACEHASH_MODE !== 'cluster')
      wrong('FACEHASH_ONLY_MODEL', 'is for a replica of several: it needs FACEHASH_MODE=cluster beside it');
  }, allAtOnce);

/** For the trainer: what it fits models with. */
const forTrainer = ['FACEHASH_TFJS_BACKEND', 'FACEHASH_TENSORFLOW_DIR', 'FACEHASH_TENSORFLOW_DEVICE'];

/** Set by or for our own tools. */
const knownElsewhere = [
  'FACEHASH_CACHE_DIR',
  'FACEHASH_FACES',
  'FACEHASH_IMAGES',
  'FACEHASH_SKIP_APT',
  'FACEHASH_TEST_RUN',
  'FACEHASH_URL',
  'FACEHASH_API_KEY',
];

/** What programs that we start may know of the environment beside what they are told. FACEHASH_TEST_RUN marks the processes of a test run. */
const handedOn = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TZ',
  'LANG',
  'LD_LIBRARY_PATH',
  'NODE_OPTIONS',
  'UV_THREADPOOL_SIZE',
  'FACEHASH_TEST_RUN',
  ...forTrainer,
];

/** Where the stores of a cluster are. */
export interface ClusterSettings {
  readonly s3: S3Settings;
  readonly mongo: MongoSettings;
  readonly nats: NatsSettings;
}

export interface InferenceConfig {
  readonly mode: 'standalone' | 'cluster' | 'lifecycle';
  readonly replica: string;
  /** Storage id of the one model that this replica answers for; undefined: it answers for all. */
  readonly onlyModel: string | undefined;
  readonly rollout: string | undefined;
  /** Undefined on one machine. */
  readonly cluster: ClusterSettings | undefined;
  readonly port: number;
  readonly host: string;
  readonly managementPort: number | undefined;
  readonly dataDir: string;
  readonly bootstrapApiKey: string | undefined;
  readonly networksDir: string;
  /** Descriptor networks of the user's own. */
  readonly descriptor: PipelineToTrain | undefined;
  readonly previousDescriptor: OwnPipeline | undefined;
  readonly visionWorker: string;
  readonly trainer: string;
  readonly vision: {
    readonly processes: number;
    /** Images that may wait for a worker, and how long one may. */
    readonly queueMax: number;
    readonly queueWaitMaxMs: number;
    /** A worker that is larger, or that answered as often, is replaced. */
    readonly rssBytesMax: number;
    readonly jobsMax: number | undefined;
  };
  readonly bodies: { readonly bytesMax: number; readonly trainBytesMax: number; readonly totalBytesMax: number };
  readonly trainWaitMs: number;
  readonly requestsMax: number;
  readonly requestTimeoutMs: number;
  readonly uploadTimeoutMs: number;
  readonly shutdownGraceMs: number;
  readonly modelCacheBytesMax: number;
  readonly trainingRunsMax: number;
  readonly otlpEndpoint: string | undefined;
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'; readonly format: 'json' | 'pretty' };
  /** Test hook: the checkpoint at which the program kills itself. */
  readonly crashAt: string | undefined;
  /** For the programs that this one starts. No setting of ours, and no key. */
  readonly childEnvironment: Readonly<Record<string, string>>;
  /** Variables that look like ours and are not: worth a line in the log. */
  readonly unknownVariables: readonly string[];
}

/** Reads the environment once. Throws one error that lists everything that is wrong with it. */
export function loadConfig(source: Readonly<Record<string, string | undefined>>): InferenceConfig {
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
    mode: e.FACEHASH_MODE,
    replica: e.FACEHASH_REPLICA ?? nameOfProcess(),
    onlyModel: e.FACEHASH_ONLY_MODEL,
    rollout: e.FACEHASH_ROLLOUT,
    cluster: clusterSettings(e),
    port: e.PORT,
    host: e.HOST,
    managementPort: e.MANAGEMENT_PORT ?? (e.FACEHASH_MODE === 'standalone' ? undefined : MANAGEMENT_PORT),
    dataDir: e.FACEHASH_DATA_DIR,
    bootstrapApiKey: e.FACEHASH_BOOTSTRAP_API_KEY,
    networksDir: e.FACEHASH_NETWORKS_DIR,
    descriptor: e.FACEHASH_DESCRIPTOR,
    previousDescriptor: e.FACEHASH_DESCRIPTOR_PREVIOUS,
    visionWorker: e.FACEHASH_VISION_WORKER,
    trainer: e.FACEHASH_TRAINER,
    vision: visionSettings(e),
    bodies: { bytesMax: e.BODY_BYTES_MAX, trainBytesMax: e.TRAIN_BODY_BYTES_MAX, totalBytesMax: e.BODIES_BYTES_MAX },
    trainWaitMs: e.TRAIN_WAIT_SECONDS * 1000,
    requestsMax: e.REQUESTS_MAX,
    requestTimeoutMs: e.REQUEST_TIMEOUT_SECONDS * 1000,
    uploadTimeoutMs: e.UPLOAD_TIMEOUT_SECONDS * 1000,
    shutdownGraceMs: e.SHUTDOWN_GRACE_SECONDS * 1000,
    modelCacheBytesMax: e.MODEL_CACHE_BYTES_MAX,
    trainingRunsMax: e.TRAINING_RUNS_MAX,
    otlpEndpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT,
    log: { level: e.LOG_LEVEL, format: e.LOG_FORMAT ?? (isatty(2) ? 'pretty' : 'json') },
    crashAt: e.FACEHASH_CRASH_AT,
    childEnvironment: Object.fromEntries(Object.entries(given).filter(([name]) => handedOn.includes(name))),
    unknownVariables: Object.keys(given).filter(looksLikeOurs),
  });
}

function visionSettings(e: z.output<typeof environment>): InferenceConfig['vision'] {
  return {
    processes: e.VISION_PROCESSES,
    queueMax: e.VISION_QUEUE_MAX ?? Math.max(QUEUE_MIN, QUEUE_PER_PROCESS * e.VISION_PROCESSES),
    queueWaitMaxMs: e.VISION_QUEUE_WAIT_SECONDS * 1000,
    rssBytesMax: e.VISION_WORKER_RSS_BYTES_MAX,
    jobsMax: e.VISION_WORKER_JOBS_MAX,
  };
}

/** As a key of NATS takes it. */
function nameOfProcess(): string {
  const host = hostname().replaceAll(/[^A-Za-z0-9_-]/g, '-');
  return `${host.slice(0, 48)}-${process.pid}`;
}

function clusterSettings(e: z.output<typeof environment>): ClusterSettings | undefined {
  if (e.FACEHASH_MODE === 'standalone') return undefined;
  const [s3, mongo, nats] = [s3Settings(e), mongoSettings(e), natsSettings(e)];
  return s3 && mongo && nats && { s3, mongo, nats };
}

function looksLikeOurs(name: string): boolean {
  return name.startsWith('FACEHASH_') && !(name in environment.shape) && ![...knownElsewhere, ...forTrainer].includes(name);
}
