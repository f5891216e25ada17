import { eventually } from '@facehash/testing';
import type { Client } from './client.js';
import { Replicas, type Replica, type ReplicasOptions } from './replicas.js';
import { sampleFace, sampleFaces } from './sample-faces.js';
import { SteadyLoad } from './steady-load.js';

/** Two replicas of one model that knows Ann. */
export interface TwoReplicas {
  readonly cluster: Replicas;
  readonly apiKey: string;
  readonly first: Client;
  readonly second: Client;
  readonly ann: string;
  /** A photo of Ann that was not enrolled. */
  readonly probe: Uint8Array;
}

export async function twoReplicas(options: ReplicasOptions = {}): Promise<TwoReplicas> {
  const cluster = await Replicas.start({ ...options, replicas: 2 });
  try {
    const apiKey = await cluster.makeModel('front-door');
    const [first, second] = cluster.clients(apiKey);
    if (!first || !second) throw new Error('two replicas were asked for');
    for (const client of [first, second]) await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
    const trained = await first.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
    if (trained.status !== 200) throw new Error(`Ann could not be enrolled: ${JSON.stringify(trained.body)}`);
    return { cluster, apiKey, first, second, ann: await personOf(first, 'Ann'), probe: await sampleFace(0, 9) };
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** What no log may hold. */
export function secretsOf({ cluster, apiKey }: Pick<TwoReplicas, 'cluster' | 'apiKey'>): readonly string[] {
  return [apiKey, ...(['minio', 'nats'] as const).map((store) => new URL(cluster.server(store).url).password)];
}

/** The id of somebody who is enrolled. */
export async function personOf(client: Client, name: string): Promise<string> {
  const { body } = await client.call('GET', '/v1/people?limit=100');
  const id = ((body['items'] ?? []) as { id: string; name: string }[]).find((person) => person.name === name)?.id;
  if (id === undefined) throw new Error(`${name} is not enrolled: ${JSON.stringify(body)}`);
  return id;
}

/** Who asks each of the replicas for Ann all the time. */
export function asking({ first, second, probe }: Pick<TwoReplicas, 'first' | 'second' | 'probe'>): readonly [SteadyLoad, SteadyLoad] {
  return [new SteadyLoad(first, probe), new SteadyLoad(second, probe)];
}

export interface ToldOfStore {
  readonly status: string;
  readonly reachable: boolean;
  readonly why: string | null;
}

/** What a replica says of its health: the status of the answer, and of each store. */
export async function healthOf({ healthUrl }: Pick<Replica, 'healthUrl'>): Promise<{ readonly status: number; readonly stores: Stores }> {
  const response = await fetch(`${healthUrl}/health/ready`, { signal: AbortSignal.timeout(5000) });
  const { details } = (await response.json()) as { readonly details: Stores };
  return { status: response.status, stores: details };
}

type Stores = Readonly<Record<string, ToldOfStore | undefined>>;

/** What came of one photo that was sent to be enrolled: `acknowledged`, `unavailable`, or what was answered. */
export async function enrolled(client: Client, person: string, photo: Uint8Array): Promise<string> {
  const { status, body } = await client.addPhoto(person, photo);
  const [result] = (body['photos'] ?? []) as { outcome: string }[];
  if (status === 200 && result && result.outcome !== 'rejected') return 'acknowledged';
  return status === 503 && body['code'] === 'STORE_UNAVAILABLE' ? 'unavailable' : `${status} ${JSON.stringify(body)}`;
}
