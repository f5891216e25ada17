import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from './client.js';
import { Ledger } from './ledger.js';
import { childrenOf, isAlive } from './processes.js';
import { Product, type ProductOptions } from './product.js';
import { sampleFace, samplePersons } from './sample-faces.js';

const POLL_MS = 50;
const TRAINER_WITHIN_MS = 3000;
const DELAY_MS_MAX = 1500;
const ROUNDS_MAX_EACH = 3;

const killers = { server: killServer, worker: killWorker, trainer: killTrainer };
type Victim = keyof typeof killers;
const victims = ['server', 'worker', 'trainer'] as const satisfies readonly Victim[];

/** An outside client that enrols one photo after the other, through deaths and restarts, and remembers what it was told. */
export class EnrollingClient {
  readonly ledger = new Ledger();
  readonly #people = new Map<number, string>();
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

  /** What was acknowledged and is missing: from the registry, and from the snapshot that the version that answers was trained on. */
  async missing(product: Product, dataDir: string): Promise<readonly string[]> {
    const client = new Client(product.url, product.apiKey);
    return [
      ...this.ledger.missingFrom(await photosByPerson(client)),
      ...this.ledger.missingFrom(await lastSnapshot(dataDir, client)),
    ]; // prettier-ignore
  }

  async #person(client: Client, who: number): Promise<string> {
    const known = this.#people.get(who);
    if (known !== undefined) return known;
    const name = nameOf(who);
    const made = await client.call('POST', '/v1/people', { name });
    const id = made.status === 201 ? made.body['id'] : await idOf(client, name);
    if (typeof id !== 'string') throw new Error(`no id for ${name}: ${JSON.stringify(made.body)}`);
    this.#people.set(who, id);
    return id;
  }
}

export function nameOf(who: number): string {
  return `Person ${who}`;
}

/**
 * Kills -9 the server, a worker and the trainer, each at random moments, until each was hit that often. Who had just ended was not hit, and
 * there are not endlessly many rounds. Says how often each was hit.
 */
export async function killEach(options: ProductOptions, client: EnrollingClient, times: number): Promise<ReadonlyMap<Victim, number>> {
  const hits = new Map<Victim, number>(victims.map((victim) => [victim, 0]));
  const lacking = (victim: Victim): boolean => (hits.get(victim) ?? 0) < times;
  for (let rounds = 0; victims.some(lacking) && rounds < ROUNDS_MAX_EACH * times; rounds++) {
    // A server is killed while nothing else is wrong, too.
    const round: readonly Victim[] = lacking('server') && rounds % 2 === 0 ? ['server'] : ['worker', 'trainer'];
    for (const victim of await killRound(options, client, round)) hits.set(victim, (hits.get(victim) ?? 0) + 1);
  }
  return hits;
}

/**
 * Starts the product on what is there, enrols, and kills -9 each of these of its processes at a random moment of what follows; at the end the
 * server, whoever was killed before, and sees that none of its children outlives it. Says who was there to be killed.
 */
async function killRound(options: ProductOptions, client: EnrollingClient, round: readonly Victim[]): Promise<readonly Victim[]> {
  await using product = await Product.start(options);
  const hit: Victim[] = [];
  for (const victim of round) if (await killers[victim](product, client)) hit.push(victim);
  const children = [...(await childrenOf(product.pid, 'vision-worker')), ...(await childrenOf(product.pid, 'services/trainer'))];
  await product.kill();
  await noneLeft(children);
  return hit;
}

/** Over a photo. */
async function killWorker(product: Product, client: EnrollingClient): Promise<boolean> {
  const enrolling = client.enrol(product, 3);
  await randomMoment(DELAY_MS_MAX);
  const [worker] = await childrenOf(product.pid, 'vision-worker');
  const hit = worker !== undefined && kill(worker);
  await enrolling;
  await client.enrol(product, 1);
  return hit;
}

/** Earlier in the run with each try: one that ended before its time had come was not hit. */
async function killTrainer(product: Product, client: EnrollingClient): Promise<boolean> {
  let hit = false;
  for (let delayMs = DELAY_MS_MAX; !hit && delayMs > DELAY_MS_MAX / 10; delayMs /= 2) {
    await client.enrol(product, 3);
    const trainer = await trainerOf(product);
    await randomMoment(delayMs);
    hit = trainer !== undefined && kill(trainer);
  }
  await client.enrol(product, 1);
  return hit;
}

/** The kill itself is the end of each round. */
async function killServer(product: Product, client: EnrollingClient): Promise<boolean> {
  await client.enrol(product, 3);
  await trainerOf(product);
  await randomMoment(DELAY_MS_MAX);
  return true;
}

function randomMoment(withinMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * withinMs));
}

/** A child of a killed server ends by itself. */
export async function noneLeft(pids: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const alive = await Promise.all(pids.map(isAlive));
    if (!alive.includes(true)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error('an orphan is left');
}

/** Resolves when the newest snapshot is what the version that answers was trained on, and stays it. */
export async function trained(client: Client): Promise<void> {
  let body: Record<string, unknown> = {};
  for (let tries = 0; tries < 600; tries++) {
    ({ body } = await client.call('GET', '/v1/model'));
    const settled = body['phase'] === 'Ready' && tries > 40;
    if (settled) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`training did not complete: ${JSON.stringify(body)}`);
}

/** By name: what `fetch` throws is not of the classes that a test file sees. */
function isBrokenConnection(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && ['TypeError', 'TimeoutError'].includes(String(error.name));
}

async function idOf(client: Client, name: string): Promise<string | undefined> {
  const { body } = await client.call('GET', '/v1/people?limit=100');
  return ((body['items'] ?? []) as { id: string; name: string }[]).find((p) => p.name === name)?.id;
}

async function trainerOf(product: Product): Promise<number | undefined> {
  for (const end = Date.now() + TRAINER_WITHIN_MS; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
    const [pid] = await childrenOf(product.pid, 'services/trainer');
    if (pid !== undefined) return pid;
  }
  return undefined;
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // It had just ended.
  }
}

async function photosByPerson(client: Client): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, Set<string>>();
  const { body } = await client.call('GET', '/v1/people?limit=100');
  for (const { id } of body['items'] as { id: string }[]) {
    const photos = await client.call('GET', `/v1/people/${id}/photos?limit=1000`);
    found.set(id, new Set((photos.body['items'] as { id: string }[]).map((p) => p.id)));
  }
  return found;
}

/** Straight from the disk: what the active version was trained on. */
async function lastSnapshot(dataDir: string, client: Client): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const { body } = await client.call('GET', '/v1/model');
  const samples = join(dataDir, 'objects', String(body['storageId']), 'samples');
  const latest = JSON.parse(await readFile(join(samples, 'latest.json'), 'utf8')) as { counter: number };
  const active = body['active'] as { snapshot: number } | null;
  if (active?.snapshot !== latest.counter) throw new Error(`snapshot ${latest.counter} is not trained: ${JSON.stringify(active)}`);
  const snapshot = JSON.parse(await readFile(join(samples, `${latest.counter}.json`), 'utf8')) as {
    people: { id: string; photos: string[] }[];
  };
  return new Map(snapshot.people.map((p) => [p.id, new Set(p.photos)]));
}
