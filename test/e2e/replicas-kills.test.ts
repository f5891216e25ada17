import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import type { Client } from '../support/client.js';
import { lastSnapshotIn, objectsOf } from '../support/cluster-objects.js';
import { Ledger } from '../support/ledger.js';
import { distinctPhotos, PersistentClient } from '../support/persistent-client.js';
import { Replicas } from '../support/replicas.js';
import { sampleFace, samplePersons } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);
const PHOTOS = 1000;
const CLIENTS = 8;
/** Photos of one call. */
const BATCH = 5;
const KILLS_EACH_MIN = 2;
/** Between one kill and the next: a call of several photos takes seconds where the database is slow, and must have a chance to end. */
const PAUSE_MS = { min: 3000, max: 10_000 };
/** From the beginning of the last training. */
const KILLED_AFTER_MS = 1500;
const TRAINED_WITHIN_MS = 180_000;

describe('kill -9 of replicas and of the lifecycle at any moment', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else it(`loses none of ${PHOTOS} photos that ${CLIENTS} clients enrol meanwhile over both replicas`, underKills, 900_000);
});

async function underKills(): Promise<void> {
  const photos = await distinctPhotos(PHOTOS);
  await using cluster = await Replicas.start();
  // A thousand photos are many for the stand-in of MongoDB, which reads all of them again and again: they are trained on at the end.
  const apiKey = await cluster.makeModel('front-door', { training: { debounceSeconds: 60 } });
  const [first, second] = cluster.clients(apiKey);
  if (!first || !second) throw new Error('two replicas were asked for');
  for (const client of [first, second]) await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
  const people = await Promise.all(Array.from({ length: samplePersons }, (_, who) => made(first, `Person ${who}`)));
  const batches = people.flatMap((person, who) => inBatches(photos.filter((each) => each.who === who)).map((batch) => ({ person, batch })));

  const ledger = new Ledger();
  const began = performance.now();
  let enrolled = false;
  // Each takes the next batch, so that several send photos of one person at once.
  const next = batches.values();
  const enrolling = Array.from({ length: CLIENTS }, async (_, c) => {
    const client = new PersistentClient(c % 2 ? [first, second] : [second, first], ledger);
    for (const { person, batch } of next) await client.enrol(person, batch);
    return [...client.refusals];
  });
  const all = Promise.all(enrolling).finally(() => (enrolled = true));
  const [refusals, kills] = await Promise.all([all, killing(cluster, () => enrolled)]);
  const enrolledMs = performance.now() - began;

  expect(ledger.size).toBe(PHOTOS);
  expect(Math.min(...kills.values())).toBeGreaterThanOrEqual(KILLS_EACH_MIN);
  expect((await first.call('POST', '/v1/model/train')).status).toBe(202);
  await sleep(KILLED_AFTER_MS);
  await cluster.lifecycle?.kill();
  await cluster.startLifecycle();
  await nothingIsMissing({ cluster, first, people, ledger });
  for (const client of [first, second])
    for (const who of [0, 5])
      expect((await client.recognize(await sampleFace(who, 900))).body).toMatchObject({ foundFace: `Person ${who}` });
  const seconds = (ms: number): number => Math.round(ms / 1000);
  const trainedMs = performance.now() - began - enrolledMs;
  console.log(
    `enrolled in ${seconds(enrolledMs)} s, trained ${seconds(trainedMs)} s later; kills ${JSON.stringify([...kills])}, refusals ${JSON.stringify(refusals)}`,
  );
}

interface Afterwards {
  readonly cluster: Replicas;
  readonly first: Client;
  readonly people: readonly string[];
  readonly ledger: Ledger;
}

/** Neither from the registry nor from the last snapshot, which the version that answers was trained on. */
async function nothingIsMissing({ cluster, first, people, ledger }: Afterwards): Promise<void> {
  const model = async (): Promise<ModelAnswer> => (await first.call('GET', '/v1/model')).body as unknown as ModelAnswer;
  const { storageId } = await model();
  const objects = await objectsOf(cluster);
  try {
    await eventually(
      async () => {
        const { phase, active } = await model();
        return phase === 'Ready' && active?.photos === PHOTOS && active.snapshot === (await lastSnapshotIn(objects, storageId)).counter;
      },
      { withinMs: TRAINED_WITHIN_MS },
    );
    expect(ledger.missingFrom((await lastSnapshotIn(objects, storageId)).photos)).toEqual([]);
    expect(ledger.missingFrom(await registered(first, people))).toEqual([]);
  } finally {
    await objects.close();
  }
}

interface ModelAnswer {
  readonly storageId: string;
  readonly phase: string;
  readonly active: { readonly snapshot: number; readonly photos: number } | null;
}

function inBatches(photos: readonly { readonly photo: Uint8Array }[]): readonly (readonly Uint8Array[])[] {
  return Array.from({ length: Math.ceil(photos.length / BATCH) }, (_, i) =>
    photos.slice(i * BATCH, (i + 1) * BATCH).map(({ photo }) => photo),
  );
}

async function made(client: Client, name: string): Promise<string> {
  return String((await client.call('POST', '/v1/people', { name })).body['id']);
}

/** Kills one program after the other, and starts each again, until nobody enrols any more. */
async function killing(cluster: Replicas, over: () => boolean): Promise<ReadonlyMap<string, number>> {
  const victims = {
    lifecycle: async () => {
      await cluster.lifecycle?.kill();
      await cluster.startLifecycle();
    },
    first: () => another(cluster, 0),
    second: () => another(cluster, 1),
  };
  const kills = new Map<string, number>(Object.keys(victims).map((name) => [name, 0]));
  for (let round = 0; !over(); round++) {
    await sleep(PAUSE_MS.min + Math.random() * (PAUSE_MS.max - PAUSE_MS.min));
    const names = ['first', 'second', 'lifecycle'] as const;
    const name = names[round % names.length] ?? 'first';
    await victims[name]();
    kills.set(name, (kills.get(name) ?? 0) + 1);
  }
  return kills;
}

async function another(cluster: Replicas, index: number): Promise<void> {
  const at = cluster.replica(index);
  await at.program.kill();
  await cluster.addReplica({ at });
}

async function registered(client: Client, people: readonly string[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  for (const id of people) {
    const { body } = await client.call('GET', `/v1/people/${id}/photos?limit=1000`);
    found.set(id, new Set((body['items'] as { id: string }[]).map((photo) => photo.id)));
  }
  return found;
}
