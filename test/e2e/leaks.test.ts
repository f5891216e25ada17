import { readdir, readFile } from 'node:fs/promises';
import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { childrenOf } from '../support/processes.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const WARM_UP = { recognitions: 300, trainings: 3 };
const LOAD = { recognitions: 2000, trainings: 50 };
const CONNECTIONS = 4;
/**
 * What garbage that was not collected yet, and the allocator's own rounding, may add. The heap of the HTTP process is collected so rarely
 * that its resident memory goes up and down by 90 MiB (docs/performance.md); what workers hold is outside of the heap.
 */
const GROWTH_MIB_MAX = { server: 160, worker: 80 };

interface Footprint {
  readonly processes: number;
  readonly openFiles: number;
  /** Resident memory of the HTTP process and of each vision worker, MiB. */
  readonly mib: readonly number[];
}

describe('after thousands of recognitions and dozens of trainings', () => {
  it('nothing has piled up: no process, no open file, no memory', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path, env: { LOG_LEVEL: 'warn' } });
    const client = new Client(product.url, product.apiKey);
    await client.train('Person 0', await sampleFaces(0, [0, 1, 2]));
    await work(client, WARM_UP, 1000);
    const before = await footprint(product);
    await work(client, LOAD, 2000);
    const after = await footprint(product);
    expect(after.processes).toBe(before.processes);
    expect(after.openFiles).toBeLessThanOrEqual(before.openFiles + CONNECTIONS);
    const [server = Number.NaN, ...workers] = after.mib.map((mib, i) => mib - (before.mib[i] ?? Number.NaN));
    expect(server).toBeLessThan(GROWTH_MIB_MAX.server);
    expect(Math.max(...workers)).toBeLessThan(GROWTH_MIB_MAX.worker);
    await product.stop();
  }, 600_000);
});

async function work(client: Client, { recognitions, trainings }: typeof LOAD, firstTake: number): Promise<void> {
  const photos = await Promise.all([0, 1, 2, 3].map((who) => sampleFace(who, 500)));
  let left = recognitions;
  const ask = async (): Promise<void> => {
    while (left-- > 0) {
      const { status } = await client.recognize(photos[left % photos.length] ?? Buffer.alloc(0));
      expect(status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, ask));
  for (let i = 0; i < trainings; i++) {
    const who = i % 3;
    const { body } = await client.train(`Person ${who}`, [await sampleFace(who, firstTake + i)]);
    expect(body.trainingSuccess).toBe(1);
  }
}

async function footprint(product: Product): Promise<Footprint> {
  const workers = await childrenOf(product.pid, 'vision-worker');
  const children = await childrenOf(product.pid, '');
  const openFiles = (await readdir(`/proc/${product.pid}/fd`)).length;
  return { processes: children.length, openFiles, mib: await Promise.all([product.pid, ...workers].map(residentMib)) };
}

async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}
