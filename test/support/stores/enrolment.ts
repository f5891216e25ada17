import { row, type Row } from '../benchmark.js';
import { Client } from '../client.js';
import { applyModel } from '../command-line.js';
import type { Contender } from '../contenders.js';
import { facesDir, people, readAll } from '../faces.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cpuMsOf } from '../processes.js';
import { sampleFaces, samplePersons } from '../sample-faces.js';
import { interleaved, pairedRatio } from '../statistics.js';
import { knownModel, settled, type Opened } from './side-by-side.js';

/** Calls under way at once. */
const CLIENTS = 4;
const PHOTOS_PER_ROUND = 100;
const RATE_MIN = 0.8;

/** Photos of one person, sent in one call. */
interface Batch {
  readonly name: string;
  readonly photos: readonly Buffer[];
}

interface Taken {
  readonly photosPerSecond: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** The same photos by the same clients, a hundred here and a hundred there, each side at rest while the other works. */
export async function enrolmentRows(opened: Opened, photos: number, dataDir: string): Promise<readonly Row[]> {
  const both = await modelsOf(opened, dataDir);
  const rounds = inRounds(await batches(photos));
  const stores = storesOf(opened);
  const taken = new Map<Contender, Taken[]>(both.map((contender) => [contender, []]));
  const cpu = new Map<string, number>();
  for (const [i, contender] of interleaved(both, rounds.length).entries()) {
    const watched = contender === both[1] ? stores : [];
    const before = await cpuOf(watched);
    taken.get(contender)?.push(await enrolAll(contender, rounds[Math.floor(i / 2)] ?? []));
    const after = await cpuOf(watched);
    for (const [at, { name }] of watched.entries()) cpu.set(name, (cpu.get(name) ?? 0) + (after[at] ?? 0) - (before[at] ?? 0));
    await settled(new Client(contender.url, contender.apiKey));
  }
  return [...rateRows(both.map((contender) => taken.get(contender) ?? [])), ...cpuRows(cpu, taken.get(both[1]) ?? [])];
}

/** Empty ones, so that neither is slower by what it holds already. */
async function modelsOf({ standalone, cluster, replicas }: Opened, dataDir: string): Promise<readonly [Contender, Contender]> {
  await applyModel('enrolment', dataDir, {});
  const apiKey = (await readFile(join(dataDir, 'keys/enrolment'), 'utf8')).trim();
  return [
    { ...standalone, apiKey },
    { ...cluster, apiKey: await knownModel(replicas, 'enrolment') },
  ];
}

async function batches(count: number): Promise<readonly Batch[]> {
  const found: Batch[] = [];
  const left = (): number => count - found.reduce((sum, { photos }) => sum + photos.length, 0);
  if (facesDir === undefined) {
    for (let who = 0; left() > 0; who = (who + 1) % samplePersons) {
      const from = 10 * Math.floor(found.length / samplePersons);
      const takes = Array.from({ length: Math.min(10, left()) }, (_, i) => from + i);
      found.push({ name: `Person ${who}`, photos: await sampleFaces(who, takes) });
    }
    return found;
  }
  for (const { name, photos } of await people('lfw')) if (left() > 0) found.push({ name, photos: await readAll(photos.slice(0, left())) });
  if (left() > 0) throw new Error(`there are ${count - left()} photos for the enrolment, and ${count} were asked for`);
  return found;
}

function inRounds(all: readonly Batch[]): readonly (readonly Batch[])[] {
  const rounds: Batch[][] = [];
  let room = 0;
  for (const batch of all) {
    if (room <= 0) {
      rounds.push([]);
      room = PHOTOS_PER_ROUND;
    }
    rounds.at(-1)?.push(batch);
    room -= batch.photos.length;
  }
  return rounds;
}

async function enrolAll(contender: Contender, round: readonly Batch[]): Promise<Taken> {
  const client = new Client(contender.url, contender.apiKey);
  const waiting = [...round];
  let [accepted, rejected] = [0, 0];
  const began = performance.now();
  const work = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch; batch = waiting.shift()) {
      const { status, body } = await client.train(batch.name, batch.photos, { prefer: 'respond-async' });
      if (status >= 300) throw new Error(`${contender.name} did not enrol ${batch.name}: ${status} ${JSON.stringify(body)}`);
      accepted += body.accepted ?? 0;
      rejected += body.rejected?.length ?? 0;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
  return { photosPerSecond: accepted / ((performance.now() - began) / 1000), accepted, rejected };
}

function storesOf({ replicas, cluster }: Opened): readonly { readonly name: string; readonly pid: number }[] {
  const servers = (['mongo', 'minio', 'nats'] as const).flatMap((name) => {
    const pid = replicas.server(name).process?.pid;
    return pid === undefined ? [] : [{ name, pid }];
  });
  return [{ name: 'the replica and its workers', pid: cluster.pid }, ...servers];
}

function cpuOf(watched: readonly { readonly pid: number }[]): Promise<readonly number[]> {
  return Promise.all(watched.map(({ pid }) => cpuMsOf(pid)));
}

function rateRows([alone = [], shared = []]: readonly (readonly Taken[])[]): readonly Row[] {
  const rate = ({ photosPerSecond }: Taken): number => photosPerSecond;
  const { median, low, high } = pairedRatio(shared.map(rate), alone.map(rate));
  const total = (all: readonly Taken[]): number => all.reduce((sum, { accepted }) => sum + accepted, 0);
  const overall = (all: readonly Taken[]): number => total(all) / all.reduce((sum, t) => sum + t.accepted / t.photosPerSecond, 0);
  const at = (i: number): number => (shared.at(i)?.photosPerSecond ?? NaN) / (alone.at(i)?.photosPerSecond ?? NaN);
  const spread = `times (${low.toPrecision(3)} to ${high.toPrecision(3)} in ${alone.length} rounds)`;
  return [
    row('enrolment, standalone: photos taken', overall(alone), 'a second'),
    row('enrolment, cluster: photos taken', overall(shared), 'a second'),
    row(`enrolment: photos a second, cluster to standalone`, median, spread, { atLeast: RATE_MIN }),
    row('  the first hundred', at(0), 'times'),
    row('  the last hundred', at(-1), 'times'),
    row('  photos taken by one and not by the other', Math.abs(total(alone) - total(shared)), `of ${total(alone)}`, { atMost: 0 }),
  ];
}

function cpuRows(cpu: ReadonlyMap<string, number>, taken: readonly Taken[]): readonly Row[] {
  const photos = taken.reduce((sum, { accepted }) => sum + accepted, 0);
  return [...cpu].map(([name, ms]) => row(`  CPU of ${name}`, ms / photos, 'ms a photo'));
}
