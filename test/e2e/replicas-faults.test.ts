import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import { LogWatch, printedOf } from '../support/log-watch.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { asking, enrolled, healthOf, secretsOf, twoReplicas, type TwoReplicas } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);

/** What one call may take, beside what waits for it on a busy machine. */
const REQUEST_MS = 30_000;
const AWAY_MS = 20_000;
/** Of one kind: each call that was refused has a line of its own. */
const COMPLAINTS_MAX = 3;
/** Once for each time that a store is away. */
const said = {
  minio: 'the object store does not answer as it should',
  mongo: 'the database does not answer: trying on',
} as const;
/** As long as photos are on their way: what is broken off for ever can never come to an end. */
const BREAKING_MS = 5_000;

interface Outage {
  readonly what: string;
  readonly store: 'minio' | 'mongo';
  readonly as: 's3' | 'mongodb';
  readonly how: 'cut' | 'stall';
}

const outages: readonly Outage[] = [
  { what: 'S3 that refuses connections', store: 'minio', as: 's3', how: 'cut' },
  { what: 'S3 that says nothing', store: 'minio', as: 's3', how: 'stall' },
  { what: 'MongoDB that refuses connections', store: 'mongo', as: 'mongodb', how: 'cut' },
  { what: 'MongoDB that says nothing', store: 'mongo', as: 'mongodb', how: 'stall' },
];

describe('a replica whose store is away', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else withStoresAway();
});

function withStoresAway(): void {
  let two: TwoReplicas;
  let take = 100;
  beforeAll(async () => {
    two = await twoReplicas();
  });
  afterAll(() => two.cluster[Symbol.asyncDispose]());

  it.each(outages)(
    'answers by what it holds over $what, takes nobody in meanwhile, says so, and heals by itself',
    async ({ store, as, how }) => {
      const { cluster, first, second, ann } = two;
      const replica = cluster.replica(1);
      const proxy = replica.network[store];
      const [log, elsewhere] = [new LogWatch(replica.program), new LogWatch(cluster.replica(0).program)];
      const loads = asking(two);
      await using _asked = { [Symbol.asyncDispose]: () => Promise.all(loads.map((load) => load.stop())).then(() => undefined) };
      const began = performance.now();
      if (how === 'cut') proxy.cut();
      else proxy.stall();

      const since = performance.now();
      expect(await enrolled(second, ann, await sampleFace(0, take++))).toBe('unavailable');
      expect(performance.now() - since).toBeLessThan(REQUEST_MS);
      expect(await healthOf(replica)).toMatchObject({
        status: 200,
        stores: { [as]: { reachable: false, why: expect.any(String) as string } },
      });
      const there = await sampleFace(0, take++);
      expect(await enrolled(first, ann, there)).toBe('acknowledged');
      await sleep(Math.max(0, AWAY_MS - (performance.now() - began)));

      proxy.heal();
      await eventually(async () => (await healthOf(replica)).stores[as]?.reachable === true, { withinMs: 20_000 });
      expect((await healthOf(replica)).stores[as]).toEqual({ status: 'up', reachable: true, why: null });
      const again = await sampleFace(0, take++);
      await eventually(async () => (await enrolled(second, ann, again)) === 'acknowledged', { withinMs: 20_000 });
      for (const load of loads) {
        const { refused, broken } = await load.stop();
        expect({ refused, broken }).toEqual({ refused: [], broken: [] });
      }
      expect(await digestsOf(two)).toEqual(expect.arrayContaining([there, again].map(digest)));
      expect(log.counts).toMatchObject({ [said[store]]: 1 });
      expect(Object.values(log.counts).filter((count) => count > COMPLAINTS_MAX)).toEqual([]);
      expect(elsewhere.counts).toEqual({});
      expect(printedOf(secretsOf(two), cluster.programs)).toEqual([]);
    },
  );

  it('either takes a /train in or fails it as a whole where S3 is slow and breaks off, and the same sent again completes', async () => {
    const { cluster, second } = two;
    const { minio } = cluster.replica(1).network;
    const photos = await sampleFaces(2, [0, 1, 2, 3, 4, 5]);
    minio.slow(200_000);
    const breaking = setInterval(() => minio.resetAll(), 300);
    const training = second.train('Slowly', photos);
    await sleep(BREAKING_MS);
    clearInterval(breaking);
    const { status, body } = await training;
    if (status !== 200) expect([status, body.code]).toEqual([503, 'STORE_UNAVAILABLE']);
    minio.heal();
    expect((await second.train('Slowly', photos)).body).toMatchObject({ trainingSuccess: 1 });
    expect((await second.recognize(await sampleFace(2, 9))).body).toMatchObject({ foundFace: 'Slowly' });
    await photosAreWhole(two);
  });
}

function digest(photo: Uint8Array): string {
  return createHash('sha256').update(photo).digest('hex');
}

async function digestsOf({ first, ann }: TwoReplicas): Promise<readonly string[]> {
  const { body } = await first.call('GET', `/v1/people/${ann}/photos?limit=100`);
  return (body['items'] as { id: string }[]).map(({ id }) => id);
}

/** Every photo that is listed is there as it was sent: its id is the digest of its bytes. */
async function photosAreWhole({ cluster, apiKey, first }: TwoReplicas): Promise<void> {
  const { body } = await first.call('GET', '/v1/people?limit=100');
  for (const { id } of body['items'] as { id: string }[]) {
    const photos = await first.call('GET', `/v1/people/${id}/photos?limit=100`);
    for (const { id: photo } of photos.body['items'] as { id: string }[]) {
      const response = await fetch(`${cluster.replica(0).url}/v1/people/${id}/photos/${photo}`, { headers: { 'x-api-key': apiKey } });
      expect([response.status, digest(new Uint8Array(await response.arrayBuffer()))]).toEqual([200, photo]);
    }
  }
}
