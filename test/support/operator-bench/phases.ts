import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger, systemRandom } from '@facehash/kernel';
import { noRuntimeMetrics, systemRuntimeClock, Watched } from '@facehash/operator-runtime';
import { quantile } from '../benchmark.js';
import { callsOf, type Contender } from './contender.js';
import { servedBetween, sumOf, type Samples, type Served } from './metrics.js';
import { faceModels, jobs, NAMESPACE, PLATFORM, type World } from './world.js';

const POLL_MS = 250;
/** Nothing was done for so long: it is settled, since when it was done last. */
const QUIET_MS = 5_000;
const SETTLE_TIMEOUT_MS = 1_800_000;
const JOBS_TIMEOUT_MS = 300_000;

/** What became of a world of models that a controller started beside. */
export interface Settled {
  readonly seconds: number;
  readonly reconciles: number;
  /** By the client's own account. */
  readonly calls: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly served: Served;
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

/** From the start of the process until each model was looked at and nothing is done any more. */
export async function startAndSettle(world: World, models: number, start: () => Promise<Contender>): Promise<[Contender, Settled]> {
  const before = await world.served();
  const began = performance.now();
  const contender = await start();
  try {
    const settledAt = await untilSettled(contender, models);
    const samples = await contender.metrics();
    const { nowBytes, peakBytes } = await contender.memory();
    const settled = {
      seconds: (settledAt - began) / 1000,
      reconciles: reconcilesOf(samples),
      calls: callsOf(samples),
      receivedBytes: contender.network.bytes.toClient,
      sentBytes: contender.network.bytes.toServer,
      served: servedBetween(before, await world.served()),
      residentBytes: nowBytes,
      peakBytes,
      cpuSeconds: (await contender.cpuMs()) / 1000,
    };
    return [contender, settled];
  } catch (error) {
    await contender[Symbol.asyncDispose]();
    throw error;
  }
}

export interface Edited {
  readonly seconds: readonly number[];
  readonly looks: number;
  /** Of one look, on average. */
  readonly lookSeconds: number;
  readonly calls: number;
  readonly receivedBytes: number;
  readonly served: Served;
  readonly residentBytes: number;
}

export interface Edits {
  readonly names: readonly string[];
  readonly perSecond: number;
  /** Differs from all before it. */
  readonly seed: number;
  /** Said on the model, for who looks for that. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Which model a Job is of, by the label that holds its uid. */
  readonly label: string;
}

/** Changes the spec of models at a steady rate; how long it took from each change, as the API server had it, to its Job. */
export async function edit(world: World, contender: Contender, edits: Edits): Promise<Edited> {
  const [before, metricsBefore, receivedBefore] = [await world.served(), await contender.metrics(), contender.network.bytes.toClient];
  const watching = new AbortController();
  const made = new Map<string, number>();
  const watched = new Watched({
    client: world.client,
    resource: jobs,
    namespace: PLATFORM,
    labelSelector: edits.label,
    transform: ({ metadata }) => ({ metadata }),
    ...{ clock: systemRuntimeClock, random: systemRandom, logger: silentLogger, metrics: noRuntimeMetrics },
  });
  watched.subscribe(({ kind, object: { metadata } }) => {
    const uid = metadata.labels?.[edits.label] ?? '';
    if (kind === 'added' && !made.has(uid)) made.set(uid, performance.now());
  });
  const run = watched.run(watching.signal);
  try {
    await watched.whenSynced();
    const asked = await askFor(world, edits);
    await until(() => [...asked.keys()].every((uid) => made.has(uid)), JOBS_TIMEOUT_MS);
    const { nowBytes } = await contender.memory();
    const after = await contender.metrics();
    const more = (name: string): number => sumOf(after, name) - sumOf(metricsBefore, name);
    const looks = more('controller_runtime_reconcile_total');
    return {
      seconds: [...asked].map(([uid, atMs]) => Math.max(0, (made.get(uid) ?? Number.NaN) - atMs) / 1000),
      looks,
      lookSeconds: more('controller_runtime_reconcile_time_seconds_sum') / looks,
      calls: callsOf(after) - callsOf(metricsBefore),
      receivedBytes: contender.network.bytes.toClient - receivedBefore,
      served: servedBetween(before, await world.served()),
      residentBytes: nowBytes,
    };
  } finally {
    watching.abort();
    await run;
  }
}

export function p99(values: readonly number[]): number {
  return quantile(values, 0.99);
}

/** By uid: when the change was acknowledged. */
async function askFor(world: World, { names, perSecond, seed, annotations }: Edits): Promise<ReadonlyMap<string, number>> {
  const asked = new Map<string, number>();
  const began = performance.now();
  const change = async (name: string): Promise<void> => {
    const body = { metadata: { annotations }, spec: { training: { hyperparameters: { seed } } } };
    const { metadata } = await world.client.patch(faceModels, { name, namespace: NAMESPACE }, { strategy: 'merge', body });
    asked.set(metadata.uid ?? '', performance.now());
  };
  const changes: Promise<void>[] = [];
  for (const [i, name] of names.entries()) {
    await sleep(Math.max(0, began + (i * 1000) / perSecond - performance.now()));
    changes.push(change(name));
  }
  await Promise.all(changes);
  return asked;
}

/** The moment of the last work. */
async function untilSettled(contender: Contender, models: number): Promise<number> {
  let [done, at] = [-1, performance.now()];
  const quiet = async (): Promise<boolean> => {
    const samples = await contender.metrics();
    const reconciles = reconcilesOf(samples);
    const busy = sumOf(samples, 'workqueue_depth') + sumOf(samples, 'controller_runtime_active_workers') > 0;
    if (reconciles !== done || busy) [done, at] = [reconciles, performance.now()];
    return reconciles >= models && performance.now() - at >= QUIET_MS;
  };
  await until(quiet, SETTLE_TIMEOUT_MS);
  return at;
}

function reconcilesOf(samples: Samples): number {
  return sumOf(samples, 'controller_runtime_reconcile_total');
}

async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
  for (const end = performance.now() + withinMs; !(await holds()); await sleep(POLL_MS))
    if (performance.now() > end) throw new Error(`it did not come to hold within ${withinMs / 1000} s`);
}
