import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { quantile, report, row, type Row } from '../support/benchmark.js';
import { asContender, PeerServer, type Contender } from '../support/contenders.js';
import { eventLoopDelayP99Ms, HealthProbe } from '../support/event-loop.js';
import type { Question } from '../support/load.js';
import { inFrame, largePhotos, persons, photoSource, type Person } from '../support/photos.js';
import { Product } from '../support/product.js';
import { CONNECTIONS, compare, enrol, overload, questionsFor, spell } from '../support/throughput.js';

// How many photos a second two servers answer in the same run, what an answer costs them, and what overload and a large body do to ours.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '5' },
    'train-mib': { type: 'string', default: '195' },
  },
});
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
const trainMib = Number(options['train-mib']);

const PEOPLE = 10;
const PHOTOS_ENROLLED = 5;
const SIZES = [
  { title: '250x250', frame: null, aim: 3.5 },
  { title: '1280x720', frame: [1280, 720], aim: 2.5 },
] as const;

const home = await mkdtemp(join(tmpdir(), 'facehash-throughput-'));
try {
  const enrolled = await persons(PEOPLE, PHOTOS_ENROLLED);
  console.error(`photos: ${photoSource()}; ${rounds} rounds of ${seconds} s${shortened() ? ', shortened: the figures are rough' : ''}`);
  await using product = await Product.start({ dataDir: home, env: { LOG_LEVEL: 'warn' } });
  await using peer = await PeerServer.start('server');
  await using empty = await PeerServer.start('empty');
  const ours = asContender(product);
  await enrol([ours, peer], enrolled);
  const rows: Row[] = [];
  const add = (more: readonly Row[]): void => {
    rows.push(...more);
    for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
  };
  let small: readonly Question[] = [];
  for (const { title, frame, aim } of SIZES) {
    const photos = await probes(enrolled, frame);
    const questions = await questionsFor([ours, peer], photos);
    add([row(`${title}: photos that both name right, and that are asked`, questions.length, `of ${photos.length}`)]);
    add(await compare(title, [ours, peer], { questions, rounds, seconds, aim }));
    if (frame === null) small = questions;
  }
  add(await saturatedDelay([ours, empty], small));
  add(await overload(ours, small, 2 * seconds));
  add(await largeTrain([ours, empty], enrolled));
  await product.stop();
  report(shortened() ? 'throughput, shortened' : 'throughput', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true });
}

function shortened(): boolean {
  return seconds < 10 || rounds < 5 || trainMib < 195;
}

async function probes(
  enrolled: readonly Person[],
  frame: readonly [number, number] | null,
): Promise<readonly { readonly name: string; readonly photo: Buffer }[]> {
  const photos = enrolled.flatMap(({ name, others }) => others.slice(0, 5).map((photo) => ({ name, photo })));
  if (frame === null) return photos;
  return Promise.all(photos.map(async ({ name, photo }) => ({ name, photo: await inFrame(photo, ...frame) })));
}

async function saturatedDelay([ours, empty]: readonly [Contender, Contender], questions: readonly Question[]): Promise<readonly Row[]> {
  // The empty server answers everything with nobody.
  const emptyQuestions = questions.map(({ body }) => ({ body }));
  const measure = (server: Contender, asked: readonly Question[]): Promise<Delay> =>
    delayDuring(server, () => spell(server, asked, 2 * seconds));
  return delayRows(`${CONNECTIONS} connections`, await measure(ours, questions), await measure(empty, emptyQuestions));
}

async function largeTrain([ours, empty]: readonly [Contender, Contender], enrolled: readonly Person[]): Promise<readonly Row[]> {
  const photos = await largePhotos(
    enrolled.flatMap(({ others }) => others),
    (trainMib * 2 ** 20 * 3) / 4,
  );
  const images = photos.map((photo) => photo.toString('base64'));
  const body = Buffer.from(JSON.stringify({ username: 'Everybody', images }));
  const send = async (server: Contender): Promise<void> => {
    const response = await fetch(`${server.url}/train`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json', prefer: 'respond-async' },
      body,
      signal: AbortSignal.timeout(600_000),
    });
    if (!response.ok) throw new Error(`${server.name} refused the large body: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const title = `a /train of ${(body.length / 2 ** 20).toFixed(0)} MiB with ${photos.length} photos`;
  const began = performance.now();
  const delay = await delayDuring(ours, () => send(ours));
  const took = (performance.now() - began) / 1000;
  return [row(`${title}: taken in`, took, 's'), ...delayRows(title, delay, await delayDuring(empty, () => send(empty)))];
}

interface Delay {
  /** As the server measures itself. */
  readonly insideMs: number;
  /** Of `/health/live`, asked beside it. */
  readonly probeMs: number;
}

async function delayDuring({ url }: Contender, work: () => Promise<unknown>): Promise<Delay> {
  await eventLoopDelayP99Ms(url);
  const probe = HealthProbe.start(url);
  const worked = work();
  // Stopped before a failure is told: the server may be gone a moment later.
  const latencies = await worked.then(
    () => probe.stop(),
    () => probe.stop(),
  );
  await worked;
  return { insideMs: await eventLoopDelayP99Ms(url), probeMs: quantile(latencies, 0.99) };
}

function delayRows(title: string, ours: Delay, empty: Delay): readonly Row[] {
  return [
    row(`${title}: event loop delay p99`, ours.insideMs, 'ms', { atMost: Number((2 * empty.insideMs + 10).toPrecision(3)) }),
    row('  of an empty Fastify server', empty.insideMs, 'ms'),
    row('  /health/live beside it, p99', ours.probeMs, 'ms'),
    row('  /health/live of the empty server, p99', empty.probeMs, 'ms'),
  ];
}
