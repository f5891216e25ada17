import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, quantile, report, row, type Row } from '../support/benchmark.js';
import { Client } from '../support/client.js';
import { facesDir, people, readAll } from '../support/faces.js';
import { load } from '../support/load.js';
import { residentBytes } from '../support/processes.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { stageRows } from '../support/stages.js';

const SECONDS = 8;
const WARM_UP_SECONDS = 2;

/** Photos to ask about and to enrol: real faces of 250 x 250 pixels where a folder is given, else the sample pictures. */
async function photos(): Promise<{ readonly source: string; readonly probes: Buffer[]; readonly newcomer: Buffer[] }> {
  if (facesDir === undefined) {
    const probes = (await Promise.all([0, 1, 2, 3].map((who) => sampleFaces(who, [0, 1, 2, 3])))).flat();
    return { source: 'sample pictures', probes, newcomer: await sampleFaces(4, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) };
  }
  const persons = (await people('lfw')).filter((p) => p.photos.length >= 10);
  const [first] = persons;
  if (!first) throw new Error('the set has no person with ten photos');
  const probes = await readAll(persons.slice(1, 11).flatMap((p) => p.photos.slice(0, 5)));
  return { source: 'lfw, 250 x 250', probes, newcomer: await readAll(first.photos.slice(0, 10)) };
}

async function overHttp(product: Product, probes: readonly Buffer[]): Promise<Row[]> {
  const rows: Row[] = [];
  const url = `${product.url}/`;
  const headers = { 'x-api-key': product.apiKey, 'content-type': 'image/jpeg' };
  const questions = probes.map((body) => ({ body }));
  await load({ url, headers, questions, connections: 16, seconds: WARM_UP_SECONDS });
  for (const connections of [1, 16]) {
    const result = await load({ url, headers, questions, connections, seconds: SECONDS });
    rows.push(row(`HTTP, ${connections} connection(s)`, result.requestsPerSecond, 'requests/s'));
    rows.push(row(`  latency, median`, median(result.latenciesMs), 'ms'));
    rows.push(row(`  latency, 99 %`, quantile(result.latenciesMs, 0.99), 'ms'));
    rows.push(row(`  not answered with 200`, result.failed + result.refusedMs.length, 'requests', { atMost: 0 }));
  }
  return rows;
}

/** The main job: ten people with five photos each, five others of each asked, and fifty strangers. Counts, by the answers over HTTP. */
async function mainJob(): Promise<Row[]> {
  const home = await mkdtemp(join(tmpdir(), 'facehash-bench-'));
  await using product = await Product.start({ dataDir: home });
  const client = new Client(product.url, product.apiKey);
  const enrolled = (await people('lfw')).filter((p) => p.photos.length >= 10).slice(0, 10);
  for (const person of enrolled) await client.train(person.name, await readAll(person.photos.slice(0, 5)));
  let right = 0;
  let wrong = 0;
  for (const person of enrolled) {
    for (const photo of await readAll(person.photos.slice(5, 10))) {
      const { foundFace } = (await client.recognize(photo)).body;
      if (foundFace === person.name) right++;
      else if (foundFace !== null) wrong++;
    }
  }
  let accepted = 0;
  for (const stranger of (await people('strangers')).slice(0, 50)) {
    for (const photo of await readAll(stranger.photos.slice(0, 1))) accepted += (await client.recognize(photo)).body.foundFlag;
  }
  await product.stop();
  await rm(home, { recursive: true, force: true });
  return [
    row('10 people, 5 photos each: named right', right, 'of 50 photos', { atLeast: 48 }),
    row('  named wrong', wrong, 'of 50 photos', { atMost: 0 }),
    row('  strangers named', accepted, 'of 50', { atMost: 1 }),
  ];
}

/** From sending `/train` with 10 photos to the first answer that names the person, beside a model that answers already. */
async function trainToNamed(client: Client, newcomer: readonly Buffer[], probe: Buffer): Promise<Row> {
  const began = performance.now();
  const { body } = await client.train('Newcomer', newcomer.slice(0, 10));
  if (body.trainingSuccess !== 1) throw new Error(`training failed: ${JSON.stringify(body)}`);
  const { foundFace } = (await client.recognize(probe)).body;
  if (foundFace !== 'Newcomer') throw new Error('the newcomer was not named');
  return row('10 photos by /train → named', (performance.now() - began) / 1000, 's', { atMost: 4 });
}

const folder = await mkdtemp(join(tmpdir(), 'facehash-bench-'));
try {
  const { source, probes, newcomer } = await photos();
  console.error(`photos: ${source}`);
  const rows = await stageRows(probes);
  await using product = await Product.start({ dataDir: folder });
  const client = new Client(product.url, product.apiKey);
  await client.train('Resident', facesDir === undefined ? await sampleFaces(6, [0, 1, 2]) : probes.slice(0, 5));
  rows.push(...(await overHttp(product, probes)));
  const probe = newcomer[0] ?? (await sampleFace(4, 0));
  rows.push(await trainToNamed(client, newcomer, probe));
  rows.push(row('memory of the HTTP process', (await residentBytes(product.pid)) / 2 ** 20, 'MiB'));
  await product.stop();
  if (facesDir !== undefined) rows.push(...(await mainJob()));
  report('slice', rows, process.argv.includes('--json'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
