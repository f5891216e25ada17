import { row, type Row } from '../benchmark.js';
import { asContender } from '../contenders.js';
import { load, type LoadResult } from '../load.js';
import { persons } from '../photos.js';
import { childrenOf, residentBytes } from '../processes.js';
import type { Product } from '../product.js';
import { slopeOf } from '../statistics.js';
import { askedOf, CONNECTIONS, enrol, questionsFor } from '../throughput.js';

const WARM_UP_SHARE = 0.1;
const SAMPLES = 200;
const PEOPLE = 10;
const PHOTOS_ENROLLED = 5;
const GROWTH_MAX = 200;

/** Whether memory grows with the requests: each process sampled after every so many of them, a line laid through, its slope bounded. */
export async function memoryRows(product: Product, requests: number): Promise<readonly Row[]> {
  const server = asContender(product);
  const enrolled = await persons(PEOPLE, PHOTOS_ENROLLED);
  await enrol([server], enrolled);
  const photos = enrolled.flatMap(({ name, others }) => others.slice(0, 5).map((photo) => ({ name, photo })));
  const asking = { ...askedOf(server, await questionsFor([server], photos)), connections: CONNECTIONS };
  const results = [await load({ ...asking, requests: Math.round(requests * WARM_UP_SHARE) })];
  const workers = await childrenOf(product.pid, 'vision-worker');
  const pids = [product.pid, ...workers];
  const at: number[] = [];
  const sizes: number[][] = pids.map(() => []);
  for (let i = 0; i < SAMPLES; i++) {
    results.push(await load({ ...asking, requests: Math.round(requests / SAMPLES) }));
    at.push((i + 1) * Math.round(requests / SAMPLES));
    const now = await Promise.all(pids.map(residentBytes));
    now.forEach((bytes, p) => sizes[p]?.push(bytes));
  }
  const count = (of: (result: LoadResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  const name = (p: number): string => (p === 0 ? 'HTTP process' : `vision worker ${p}`);
  return [
    row('recognitions, those of the warm-up among them', count((r) => r.latenciesMs.length), 'answers'),
    row('  named wrong, refused or failed', count((r) => r.wrong + r.failed + r.refusedMs.length), 'requests', { atMost: 0 }),
    ...sizes.flatMap((bytes, p) => growthRows(name(p), at, bytes)),
  ]; // prettier-ignore
}

function growthRows(name: string, at: readonly number[], bytes: readonly number[]): Row[] {
  // A process that was replaced has no memory to follow: its part of the series would be a lie.
  const gone = bytes.indexOf(0);
  const kept = gone < 0 ? bytes : bytes.slice(0, gone);
  const { slope, upper } = slopeOf(at.slice(0, kept.length), kept);
  return [
    row(`${name}: growth, upper 95 % bound`, upper, 'bytes a request', { atMost: GROWTH_MAX }),
    row('  estimate', slope, 'bytes a request'),
    row('  at the beginning', (kept[0] ?? 0) / 2 ** 20, 'MiB'),
    row('  at the end', (kept.at(-1) ?? 0) / 2 ** 20, 'MiB'),
    ...(gone < 0 ? [] : [row('  replaced after', at[gone] ?? 0, 'requests')]),
  ];
}
