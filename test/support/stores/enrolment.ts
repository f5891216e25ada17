import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { row, type Row } from '../benchmark.js';
import { Client } from '../client.js';
import { applyModel } from '../command-line.js';
import type { Contender } from '../contenders.js';
import { facesDir, people, readAll } from '../faces.js';
import { cpuMsOf } from '../processes.js';
import { sampleFaces, samplePersons } from '../sample-faces.js';
import { interleaved, pairedRatio } from '../statistics.js';
import { knownModel, settled, type Opened } from './side-by-side.js';

/** Calls under way at once. */
const CLIENTS = 4;
const PHOTOS_PER_ROUND = 100;
const RATE_MIN = 0.8;
/** With its workers. */
const PROGRAM = 'the program';

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
  const taken = new Map<Contender, Taken[]>(both.map((contender) => [contender, []]));
  const cpu = new CpuTimes(watchedOf(opened));
  for (const [i, contender] of interleaved(both, rounds.length).entries()) {
    await cpu.during(contender.name, async () => {
      taken.get(contender)?.push(await enrolAll(contender, rounds[Math.floor(i / 2)] ?? []));
    });
    await settled(new Client(contender.url, contender.apiKey));
  }
  const [alone = [], shared = []] = both.map((contender) => taken.get(contender));
  return [...rateRows(alone, shared), ...cpuRows(cpu, alone, shared)];
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

interface Watched {
  readonly name: string;
  readonly pid: number;
}

/** Who works while photos are taken, by the side that they work for. */
function watchedOf({ replicas, standalone, cluster }: Opened): ReadonlyMap<string, readonly Watched[]> {
  const stores = (['mongo', 'minio', 'nats'] as const).map((name) => ({ name, pid: replicas.server(name).process?.pid ?? -1 }));
  return new Map([
    [standalone.name, [{ name: PROGRAM, pid: standalone.pid }]],
    [cluster.name, [{ name: PROGRAM, pid: cluster.pid }, ...stores]],
  ]);
}

class CpuTimes {
  readonly #ms = new Map<string, number>();

  constructor(private readonly watched: ReadonlyMap<string, readonly Watched[]>) {}

  async during(side: string, work: () => Promise<void>): Promise<void> {
    const watched = this.watched.get(side) ?? [];
    const before = await Promise.all(watched.map(({ pid }) => cpuMsOf(pid)));
    await work();
    const after = await Promise.all(watched.map(({ pid }) => cpuMsOf(pid)));
    for (const [i, { name }] of watched.entries()) {
      const key = `${side}, ${name}`;
      this.#ms.set(key, (this.#ms.get(key) ?? 0) + (after[i] ?? 0) - (before[i] ?? 0));
    }
  }

  of(side: string, name: string): number {
    return this.#ms.get(`${side}, ${name}`) ?? Number.NaN;
  }
}

function rateRows(alone: readonly Taken[], shared: readonly Taken[]): readonly Row[] {
  const rate = ({ photosPerSecond }: Taken): number => photosPerSecond;
  const { median, low, high } = pairedRatio(shared.map(rate), alone.map(rate));
  const overall = (all: readonly Taken[]): number => total(all) / all.reduce((sum, t) => sum + t.accepted / t.photosPerSecond, 0);
  const at = (i: number): number => (shared.at(i)?.photosPerSecond ?? Number.NaN) / (alone.at(i)?.photosPerSecond ?? Number.NaN);
  const spread = `times (${low.toPrecision(3)} to ${high.toPrecision(3)} in ${alone.length} rounds)`;
  return [
    row('enrolment, standalone: photos taken', overall(alone), 'a second'),
    row('enrolment, cluster: photos taken', overall(shared), 'a second'),
    row('enrolment: photos a second, cluster to standalone', median, spread, { atLeast: RATE_MIN }),
    row('  the first hundred', at(0), 'times'),
    row('  the last hundred', at(-1), 'times'),
    row('  photos taken by one and not by the other', Math.abs(total(alone) - total(shared)), `of ${total(alone)}`, { atMost: 0 }),
  ];
}

/** On one machine the stores take their share of it; where they have machines of their own, what the program itself takes is what counts. */
function cpuRows(cpu: CpuTimes, alone: readonly Taken[], shared: readonly Taken[]): readonly Row[] {
  const perPhoto = (side: string, name: string): number => cpu.of(side, name) / total(side === 'cluster' ? shared : alone);
  const [ours, theirs] = [perPhoto('standalone', PROGRAM), perPhoto('cluster', PROGRAM)];
  return [
    row('  CPU of the standalone program', ours, 'ms a photo'),
    row('  CPU of the replica', theirs, 'ms a photo'),
    row('  standalone to replica: the rate, were it for the programs alone', ours / theirs, 'times'),
    ...['mongo', 'minio', 'nats'].map((name) => row(`  CPU of ${name}`, perPhoto('cluster', name), 'ms a photo')),
  ];
}

function total(all: readonly Taken[]): number {
  return all.reduce((sum, { accepted }) => sum + accepted, 0);
}
