import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, quantile, report, row, type Row } from '../support/benchmark.js';
import { Client } from '../support/client.js';
import { asContender, PeerServer, type Contender } from '../support/contenders.js';
import { openLoad, type LoadResult } from '../support/load.js';
import { newcomer, persons, photoSource, type Person } from '../support/photos.js';
import { Product } from '../support/product.js';
import { askedOf, enrol, questionsFor } from '../support/throughput.js';

// How long somebody new takes to be known, and what the others notice of it.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    photos: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '4' },
    people: { type: 'string', default: '80' },
    seconds: { type: 'string', default: '20' },
  },
});
const photos = Number(options.photos);
const rounds = Number(options.rounds);
const idleSeconds = Number(options.seconds);

const PEOPLE = 10;
const PHOTOS_ENROLLED = 5;
const RECOGNITIONS_PER_SECOND = 5;
/** What is not acknowledged within that is a failure. */
const ROUND_SECONDS_MAX = 120;
const ADDED = 5;
const ANSWER_EVERY_MS = 20;

console.error(`photos: ${photoSource()}${shortened() ? '; shortened: the figures are rough' : ''}`);
const rows: Row[] = [];
const add = (more: readonly Row[]): void => {
  rows.push(...more);
  for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
};
// Without rounds, only what one photo more takes.
if (rounds > 0) {
  add(await newcomers());
  add(await peerNewcomer());
}
add(await onePhotoMore());
report(shortened() ? 'training, shortened' : 'training', rows, options.json);

function shortened(): boolean {
  return photos < 100 || rounds < 4 || Number(options.people) < 80 || idleSeconds < 20;
}

interface Round {
  readonly namedSeconds: number;
  readonly rejected: number;
  readonly idle: LoadResult;
  readonly beside: LoadResult;
}

/** Each round on a server of its own, with somebody else: ten people enrolled, then very many photos of one more. */
async function newcomers(): Promise<readonly Row[]> {
  const measured: Round[] = [];
  for (let i = 0; i < rounds; i++) measured.push(await onFreshProduct((product) => round(asContender(product), i)));
  const all = (of: (round: Round) => readonly number[]): readonly number[] => measured.flatMap(of);
  const idleP99 = quantile(
    all(({ idle }) => idle.latenciesMs),
    0.99,
  );
  const beside = all((r) => r.beside.latenciesMs);
  const refused = measured.reduce((total, r) => total + r.beside.refusedMs.length + r.beside.failed, 0);
  const wrong = measured.reduce((total, r) => total + r.beside.wrong, 0);
  const seconds = measured.map((r) => r.namedSeconds);
  return [
    row(`${photos} photos of somebody new → named, median of ${rounds}`, median(seconds), 's', { atMost: 4 }),
    row('  the slowest', Math.max(...seconds), 's'),
    row('  photos not taken', measured.reduce((total, r) => total + r.rejected, 0), `of ${rounds * photos}`),
    row('  recognitions beside it', beside.length, 'answers'),
    row('  refused or failed beside it', refused, 'requests', { atMost: 0 }),
    row('  named wrong beside it', wrong, 'answers', { atMost: 0 }),
    row('  recognition beside it, p99, to the idle one', quantile(beside, 0.99) / idleP99, 'times', { atMost: 2 }),
    row('  recognition, idle, median', median(all(({ idle }) => idle.latenciesMs)), 'ms'),
    row('  recognition, idle, p99', idleP99, 'ms'),
    row('  recognition beside it, median', median(beside), 'ms'),
    row('  recognition beside it, p99', quantile(beside, 0.99), 'ms'),
  ]; // prettier-ignore
}

async function round(server: Contender, which: number): Promise<Round> {
  const enrolled = await persons(PEOPLE, PHOTOS_ENROLLED);
  await enrol([server], enrolled);
  const questions = await questionsFor([server], probesOf(enrolled));
  const asking = { ...askedOf(server, questions), rate: RECOGNITIONS_PER_SECOND };
  const idle = await openLoad({ ...asking, seconds: idleSeconds });
  const done = new AbortController();
  const beside = openLoad({ ...asking, seconds: ROUND_SECONDS_MAX, signal: done.signal });
  const introduced = await introduce(server, which).finally(() => done.abort());
  return { idle, ...introduced, beside: await beside };
}

/** From sending the ancestor's call to an answer that names the person. */
async function introduce(server: Contender, which: number): Promise<{ readonly namedSeconds: number; readonly rejected: number }> {
  const { name, photos: all } = await newcomer(which, photos);
  const client = new Client(server.url, server.apiKey);
  const began = performance.now();
  const { body } = await client.train(name, all);
  if (body.trainingSuccess !== 1) throw new Error(`${name} was not trained: ${JSON.stringify(body)}`);
  await namesOneOf(client, name, all);
  return { namedSeconds: (performance.now() - began) / 1000, rejected: all.length - (body.accepted ?? 0) };
}

/** Not every server finds the face in every photo. */
async function namesOneOf(client: Client, name: string, all: readonly Buffer[]): Promise<void> {
  for (const photo of all) if ((await client.recognize(photo)).body.foundFace === name) return;
  throw new Error(`${name} was acknowledged and is not named`);
}

async function peerNewcomer(): Promise<readonly Row[]> {
  await using peer = await PeerServer.start('server');
  await enrol([peer], await persons(PEOPLE, PHOTOS_ENROLLED));
  const { namedSeconds, rejected } = await introduce(peer, 0);
  return [
    row(`the peer, ${photos} photos with nothing beside them → named`, namedSeconds, 's'),
    row('  photos without a face that it finds', rejected, `of ${photos}`),
  ];
}

/** From the acknowledgement of one photo to the first answer by another version, among many people. */
async function onePhotoMore(): Promise<readonly Row[]> {
  return onFreshProduct(async (product) => {
    const server = asContender(product);
    const client = new Client(product.url, product.apiKey);
    const everybody = await persons(Number(options.people), PHOTOS_ENROLLED);
    for (const { name, enrolled } of everybody) await client.train(name, enrolled, { prefer: 'respond-async' });
    await settled(client);
    const ids = await idsByName(client);
    const seconds: number[] = [];
    for (const { name, others } of everybody.filter(({ others: o }) => o.length > 1).slice(0, ADDED)) {
      seconds.push(await addOne(client, ids.get(name) ?? '', others));
      await settled(client);
    }
    return [
      row(`one photo more, ${everybody.length} people: acknowledged → ${server.name} answers by it, median of ${seconds.length}`, median(seconds), 's'),
      row('  the slowest', Math.max(...seconds), 's', { atMost: 3 }),
    ]; // prettier-ignore
  });
}

async function addOne(client: Client, personId: string, [photo, probe]: readonly Buffer[]): Promise<number> {
  if (!photo || !probe) throw new Error('the person has no other photos');
  const before = (await client.recognize(probe)).body.version;
  const added = await client.addPhoto(personId, photo);
  const [result] = (added.body['photos'] ?? []) as { outcome: string }[];
  if (result?.outcome !== 'accepted') throw new Error(`the photo was not taken: ${JSON.stringify(added.body)}`);
  const acknowledged = performance.now();
  while ((await client.recognize(probe)).body.version === before) {
    if (performance.now() - acknowledged > ROUND_SECONDS_MAX * 1000) throw new Error('no other version answers');
    await new Promise((resolve) => setTimeout(resolve, ANSWER_EVERY_MS));
  }
  return (performance.now() - acknowledged) / 1000;
}

async function idsByName(client: Client): Promise<ReadonlyMap<string, string>> {
  const { body } = await client.call('GET', '/v1/people?limit=1000');
  return new Map((body['items'] as { id: string; name: string }[]).map(({ id, name }) => [name, id]));
}

/** Resolves when a version of all photos answers. */
async function settled(client: Client): Promise<void> {
  for (const end = performance.now() + 300_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const { body } = await client.call('GET', '/v1/model');
    const active = body['active'] as { photos: number } | null;
    if (body['phase'] === 'Ready' && body['target'] === null && active?.photos === body['photos']) return;
  }
  throw new Error('the model did not settle');
}

function probesOf(enrolled: readonly Person[]): { readonly name: string; readonly photo: Buffer }[] {
  return enrolled.flatMap(({ name, others }) => others.slice(0, 5).map((photo) => ({ name, photo })));
}

async function onFreshProduct<T>(work: (product: Product) => Promise<T>): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'facehash-training-'));
  try {
    await using product = await Product.start({ dataDir: home, env: { LOG_LEVEL: 'warn' } });
    const result = await work(product);
    await product.stop();
    return result;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
