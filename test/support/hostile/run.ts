import { Agent, request } from 'node:http';
import fc, { type Arbitrary } from 'fast-check';
import { Client } from '../client.js';
import { sampleFace, sampleFaces } from '../sample-faces.js';
import { pattern } from './files.js';
import { imageOf, imagePlan, originals, requestOf, requestPlan } from './plans.js';
import { faultOf, type Judged } from './verdict.js';
import { sendRaw } from './wire.js';

export interface HostileRunOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Everything that the server wrote until now. */
  readonly printed: () => string;
  /** Mutated images, and as many mutated requests. */
  readonly count: number;
  /** The same seed sends the same. */
  readonly seed: number;
  readonly connections?: number;
}

export interface HostileRun {
  readonly seed: number;
  /** Answers by status; 0 are connections that were closed without a word. */
  readonly images: Readonly<Record<number, number>>;
  readonly requests: Readonly<Record<number, number>>;
  /** Vision workers that had to be replaced. */
  readonly restarts: number;
  /** Everything that must not be, each with what it takes to send it again. */
  readonly faults: readonly string[];
}

const PERSON = 'Ann of the hostile run';
const RECOVERY_TIMEOUT_MS = 60_000;

/**
 * Sends `count` mutated images and as many mutated requests to a running server, and says what was wrong with its answers, and with the server
 * afterwards: workers that are missing, a server that is not ready, somebody who is not recognised any more, a key in the log.
 */
export async function hostileRun(options: HostileRunOptions): Promise<HostileRun> {
  const { url, apiKey, seed } = options;
  const client = new Client(url, apiKey);
  const { body: trained } = await client.train(PERSON, await sampleFaces(0, [0, 1, 2]));
  if (trained.trainingSuccess !== 1) throw new Error(`could not enrol before the hostile run: ${JSON.stringify(trained)}`);
  const before = await poolOf(url);
  const images = await imageBatch(options);
  const requests = await requestBatch(options);
  const after = await recovered(url, before.workers);
  const faults = [...images.faults, ...requests.faults, ...after.faults, ...(await aftermath(options, client))];
  return { seed, images: images.statuses, requests: requests.statuses, restarts: after.restarts - before.restarts, faults };
}

interface Batch {
  readonly statuses: Readonly<Record<number, number>>;
  readonly faults: readonly string[];
}

async function imageBatch(options: HostileRunOptions): Promise<Batch> {
  const { url, apiKey, connections = 4 } = options;
  const from = await originals(await sampleFace(0, 9));
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  try {
    return await batch(options, imagePlan, async (plan) => [await postImage(agent, { url, apiKey, image: imageOf(plan, from) })]);
  } finally {
    agent.destroy();
  }
}

async function requestBatch(options: HostileRunOptions): Promise<Batch> {
  const image = (await pattern(48, 48).jpeg({ quality: 50 }).toBuffer()).toString('base64');
  return await batch(options, requestPlan(image), (plan) =>
    // Closed behind the last byte only after a while, as the head may promise more than comes, and an early end takes an answer away.
    sendRaw(options.url, { pieces: [requestOf(plan, options.apiKey)], then: 'end', endAfterMs: END_AFTER_MS }),
  );
}

/** For requests that wait for bytes that never come. Far longer than an answer takes. */
const END_AFTER_MS = 3000;

async function batch<Plan>(
  { apiKey, count, seed, connections = 4 }: HostileRunOptions,
  plans: Arbitrary<Plan>,
  send: (plan: Plan) => Promise<readonly Judged[]>,
): Promise<Batch> {
  const secrets = [apiKey.slice(4, 20), apiKey];
  const statuses: Record<number, number> = {};
  const faults: string[] = [];
  const left = fc.sample(plans, { seed, numRuns: count }).entries();
  const one = async (): Promise<void> => {
    for (const [index, plan] of left) {
      const answers = await send(plan).catch((error: unknown) => String(error));
      const found = typeof answers === 'string' ? [answers] : answers.map((answer) => faultOf(answer, secrets));
      for (const fault of found) if (fault !== undefined) faults.push(`${fault}\n  seed ${seed}, number ${index}: ${fc.stringify(plan)}`);
      const status = typeof answers === 'string' ? 0 : (answers.at(-1)?.status ?? 0);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return { statuses, faults };
}

function postImage(
  agent: Agent,
  { url, apiKey, image }: { readonly url: string; readonly apiKey: string; readonly image: Buffer },
): Promise<Judged> {
  const headers = { 'x-api-key': apiKey, 'content-type': 'application/octet-stream', 'content-length': image.length };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/recognize`, { method: 'POST', agent, headers, timeout: 60_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const of = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
        resolve({ status: response.statusCode ?? 0, headers: of, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 60 s')));
    sent.on('error', reject);
    sent.end(image);
  });
}

interface Pool {
  readonly workers: number;
  readonly restarts: number;
}

async function poolOf(url: string): Promise<Pool> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: RegExp): number => [...metrics.matchAll(name)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    workers: sum(/^facehash_vision_pool_workers (\d+)$/gm),
    restarts: sum(/^facehash_vision_(?:pool|worker)_restarts_total(?:\{.*\})? (\d+)$/gm),
  };
}

/** A worker that was lost is replaced in its time. */
async function recovered(url: string, workers: number): Promise<Pool & { readonly faults: readonly string[] }> {
  const end = Date.now() + RECOVERY_TIMEOUT_MS;
  for (;;) {
    const pool = await poolOf(url);
    if (pool.workers >= workers) return { ...pool, faults: [] };
    if (Date.now() > end) return { ...pool, faults: [`${workers - pool.workers} vision workers are dead`] };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function aftermath({ url, apiKey, printed }: HostileRunOptions, client: Client): Promise<readonly string[]> {
  const ready = (await fetch(`${url}/health/ready`)).status;
  const { status, body } = await client.recognize(await sampleFace(0, 9));
  return [
    ...(ready === 200 ? [] : [`the server is not ready: ${ready}`]),
    ...(status === 200 && body.foundFace === PERSON
      ? []
      : [`a photo that was recognised is not any more: ${status} ${JSON.stringify(body)}`]),
    ...(printed().includes(apiKey.slice(4, 20)) ? ['the key is in the log'] : []),
  ];
}
