import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../support/client.js';
import { Ledger } from '../support/ledger.js';
import { childrenOf, isAlive } from '../support/processes.js';
import { freePort, Product } from '../support/product.js';
import { sampleFace, samplePersons } from '../support/sample-faces.js';
import { temporaryFolder } from '@facehash/testing';

/** Every step of the photo protocol and of the cut: the product kills itself with SIGKILL right after it. */
const steps = [
  'photo.analysed',
  'photo.stored',
  'photo.landmarks',
  'photo.row',
  'photo.counted',
  'snapshot.counterRead',
  'snapshot.rowsRead',
  'snapshot.created',
  'snapshot.pointed',
  'snapshot.commanded',
] as const;

const RANDOM_KILLS = 10;
const DELAY_MS_MAX = 1500;

/** An outside client that enrols one photo after the other, through deaths and restarts, and remembers what it was told. */
class EnrollingClient {
  readonly ledger = new Ledger();
  readonly people = new Map<number, string>();
  #take = 0;

  /** Enrols up to `photos` photos; ends early when the product dies. */
  async enrol(product: Product, photos: number): Promise<void> {
    const client = new Client(product.url, product.apiKey);
    for (let i = 0; i < photos && !product.ended; i++) {
      const who = this.#take % samplePersons;
      const photo = await sampleFace(who, this.#take++);
      try {
        const person = await this.#person(client, who);
        const { status, body } = await client.addPhoto(person, photo);
        const [result] = (body['photos'] ?? []) as { outcome: string }[];
        const acknowledged = result !== undefined && result.outcome !== 'rejected';
        if (status < 300 && acknowledged) this.ledger.acknowledge(person, photo);
      } catch (error) {
        // A connection that broke acknowledged nothing. Anything else is the test's own fault.
        if (!isBrokenConnection(error)) throw error;
      }
    }
  }

  async #person(client: Client, who: number): Promise<string> {
    const known = this.people.get(who);
    if (known !== undefined) return known;
    const name = `Person ${who}`;
    const made = await client.call('POST', '/v1/people', { name });
    const id = made.status === 201 ? made.body['id'] : await idOf(client, name);
    if (typeof id !== 'string') throw new Error(`no id for ${name}: ${JSON.stringify(made.body)}`);
    this.people.set(who, id);
    return id;
  }
}

describe('kill -9 at any moment', () => {
  it('loses nothing that was acknowledged, and training completes', async () => {
    await using folder = await temporaryFolder();
    const port = await freePort();
    const client = new EnrollingClient();
    const hit: string[] = [];

    for (const [i, step] of steps.entries()) {
      // A snapshot is cut once for all photos that came together.
      const nth = step.startsWith('snapshot.') ? 1 : 1 + (i % 2);
      await using product = await Product.start({
        dataDir: folder.path,
        port,
        env: { FACEHASH_CRASH_AT: `${step}:${nth}`, FACEHASH_ALLOW_CRASH_POINTS: '1' },
      });
      const workers = await childrenOf(product.pid, 'vision-worker');
      await client.enrol(product, 4);
      await exitWithin(product, 20_000);
      hit.push(step);
      await noneLeft(workers);
    }
    expect(hit).toEqual(steps);

    for (let i = 0; i < RANDOM_KILLS; i++) {
      await using product = await Product.start({ dataDir: folder.path, port });
      await client.enrol(product, 2);
      const trainer = await trainerOf(product);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * DELAY_MS_MAX));
      // In turn the trainer alone, which must be run again, and the server with whatever it was doing.
      if (i % 2 === 0 && trainer !== undefined) {
        kill(trainer);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      await product.kill();
      if (trainer !== undefined) await noneLeft([trainer]);
    }

    await using product = await Product.start({ dataDir: folder.path, port });
    await client.enrol(product, 2);
    const api = new Client(product.url, product.apiKey);
    await trained(api);
    const kept = await photosByPerson(api);
    expect(client.ledger.size).toBeGreaterThan(20);
    expect(client.ledger.missingFrom(kept)).toEqual([]);
    expect(client.ledger.missingFrom(await lastSnapshot(folder.path, api))).toEqual([]);
    expect((await api.recognize(await sampleFace(0, 900))).body).toMatchObject({ foundFlag: 1, foundFace: 'Person 0' });
    await product.stop();
  });
});

/** By name: what `fetch` throws is not of the classes that a test file sees. */
function isBrokenConnection(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && ['TypeError', 'TimeoutError'].includes(String(error.name));
}

async function idOf(client: Client, name: string): Promise<string | undefined> {
  const { body } = await client.call('GET', '/v1/people?limit=100');
  return ((body['items'] ?? []) as { id: string; name: string }[]).find((p) => p.name === name)?.id;
}

async function exitWithin(product: Product, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!product.ended && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  if (!product.ended) throw new Error(`the step was not reached:\n${product.printed.slice(-2000)}`);
}

/** A child of a killed server ends by itself. */
async function noneLeft(pids: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('an orphan is left');
}

async function trainerOf(product: Product): Promise<number | undefined> {
  for (let tries = 0; tries < 60; tries++) {
    const [pid] = await childrenOf(product.pid, 'services/trainer');
    if (pid !== undefined) return pid;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had just ended.
  }
}

async function trained(api: Client): Promise<void> {
  let body: Record<string, unknown> = {};
  for (let tries = 0; tries < 600; tries++) {
    ({ body } = await api.call('GET', '/v1/model'));
    const settled = body['phase'] === 'Ready' && tries > 40;
    if (settled) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`training did not complete: ${JSON.stringify(body)}`);
}

async function photosByPerson(api: Client): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>();
  const { body } = await api.call('GET', '/v1/people?limit=100');
  for (const { id } of body['items'] as { id: string }[]) {
    const photos = await api.call('GET', `/v1/people/${id}/photos?limit=1000`);
    found.set(id, new Set((photos.body['items'] as { id: string }[]).map((p) => p.id)));
  }
  return found;
}

/** Straight from the disk: what the active version was trained on. */
async function lastSnapshot(dataDir: string, api: Client): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { body } = await api.call('GET', '/v1/model');
  const samples = join(dataDir, 'objects', String(body['storageId']), 'samples');
  const latest = JSON.parse(await readFile(join(samples, 'latest.json'), 'utf8')) as { counter: number };
  expect(body['active']).toMatchObject({ snapshot: latest.counter });
  const snapshot = JSON.parse(await readFile(join(samples, `${latest.counter}.json`), 'utf8')) as {
    people: { id: string; photos: string[] }[];
  };
  return new Map(snapshot.people.map((p) => [p.id, new Set(p.photos)]));
}
