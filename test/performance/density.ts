import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '@facehash/kernel';
import { median, quantile, report, row, type Row } from '../support/benchmark.js';
import { Client } from '../support/client.js';
import { asContender } from '../support/contenders.js';
import { copyModel } from '../support/copies.js';
import type { Question } from '../support/load.js';
import { persons, photoSource } from '../support/photos.js';
import { cpuMsOf, peakResidentBytes, residentBytes } from '../support/processes.js';
import { Product } from '../support/product.js';
import { enrol, questionsFor } from '../support/throughput.js';

// Very many models on one instance: what the first answer of a model costs that is not in memory, and how much memory all of them take.

const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, models: { type: 'string', default: '2000' } },
});
const models = Number(options.models);
const PEOPLE = 10;
const PHOTOS_ENROLLED = 5;
const START_TIMEOUT_MS = 600_000;
const IDLE_MS = 30_000;

const home = await mkdtemp(join(tmpdir(), 'facehash-density-'));
try {
  console.error(`photos: ${photoSource()}; ${models} models${models < 2000 ? ', shortened: the figures are rough' : ''}`);
  const { questions, key } = await firstModel();
  const keys = [key, ...(await copyModel(home, 'default', models - 1))];
  console.error('the models are made');
  const began = performance.now();
  await using product = await Product.start({ dataDir: home, env: { LOG_LEVEL: 'warn' }, startTimeoutMs: START_TIMEOUT_MS });
  const rows: Row[] = [row('started', (performance.now() - began) / 1000, 's')];
  rows.push(row('HTTP process, no model in memory', (await residentBytes(product.pid)) / 2 ** 20, 'MiB'));
  rows.push(...(await firstAnswers(product, shuffled(keys), questions)));
  rows.push(row('HTTP process, every model in memory', (await residentBytes(product.pid)) / 2 ** 20, 'MiB', { atMost: 1024 }));
  rows.push(row('  its peak', (await peakResidentBytes(product.pid)) / 2 ** 20, 'MiB', { atMost: 1024 }));
  rows.push(await idleCost(product));
  await product.stop();
  report(models < 2000 ? 'density, shortened' : 'density', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true });
}

async function firstModel(): Promise<{ readonly questions: readonly Question[]; readonly key: string }> {
  await using product = await Product.start({ dataDir: home, env: { LOG_LEVEL: 'warn' } });
  const enrolled = await persons(PEOPLE, PHOTOS_ENROLLED);
  await enrol([asContender(product)], enrolled);
  const photos = enrolled.flatMap(({ name, others }) => others.slice(0, 5).map((photo) => ({ name, photo })));
  const questions = await questionsFor([asContender(product)], photos);
  await product.stop();
  return { questions, key: product.apiKey };
}

/** Each model twice with one photo, one request at a time: cold, then warm. */
async function firstAnswers(product: Product, keys: readonly string[], questions: readonly Question[]): Promise<readonly Row[]> {
  const [cold, warm]: [number[], number[]] = [[], []];
  for (const [i, key] of keys.entries()) {
    const question = questions[i % questions.length];
    if (!question) throw new Error('no questions to ask');
    for (const latencies of [cold, warm]) latencies.push(await answered(new Client(product.url, key), question));
  }
  return [
    row(`first answer of a cold model, p99 of ${keys.length}`, quantile(cold, 0.99), 'ms'),
    row('  median', median(cold), 'ms'),
    row('answer of a warm model, p99', quantile(warm, 0.99), 'ms'),
    row('  median', median(warm), 'ms'),
    row('cold to warm, p99', quantile(cold, 0.99) / quantile(warm, 0.99), 'times', { atMost: 3 }),
  ]; // prettier-ignore
}

async function answered(client: Client, { body, expected }: Question): Promise<number> {
  const began = performance.now();
  const { status, body: answer } = await client.recognize(body);
  const took = performance.now() - began;
  if (status !== 200 || answer.foundFace !== expected) throw new Error(`a model answered wrong: ${status} ${JSON.stringify(answer)}`);
  return took;
}

/** What it costs to hold so many models while nobody asks. */
async function idleCost({ pid }: Product): Promise<Row> {
  const before = await cpuMsOf(pid);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  return row('CPU while nobody asks', (100 * ((await cpuMsOf(pid)) - before)) / IDLE_MS, '% of a core');
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  const random = seededRandom(1);
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
