import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import { LogWatch, printedOf } from '../support/log-watch.js';
import type { Replica } from '../support/replicas.js';
import { sampleFace } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { asking, enrolled, healthOf, secretsOf, twoReplicas, type TwoReplicas } from '../support/two-replicas.js';
import { Client } from '../support/client.js';
import { Ledger } from '../support/ledger.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);
const stores = ['minio', 'nats', 'mongo'] as const;
const DOWN_MS = 5_000;
/** Of one kind, of one program. */
const COMPLAINTS_MAX = 3;

describe('replicas whose servers are killed', () => {
  if (typeof binaries === 'string') it.skip(`are not tried: ${binaries}`, () => undefined);
  else overRestarts();
});

function overRestarts(): void {
  let two: TwoReplicas;
  const ledger = new Ledger();
  let take = 200;

  beforeAll(async () => {
    two = await twoReplicas();
  });
  afterAll(() => two.cluster[Symbol.asyncDispose]());

  it.each(stores)('answer all the time while %s is killed and started again, and take photos in afterwards', async (store) => {
    const { cluster, first, second, ann } = two;
    const logs = cluster.programs.map((program) => new LogWatch(program));
    const loads = asking(two);
    await using _asked = { [Symbol.asyncDispose]: () => Promise.all(loads.map((load) => load.stop())).then(() => undefined) };
    for (const client of [first, second]) await taken(client);
    await serverOf(two, store).end('SIGKILL');
    await sleep(DOWN_MS);
    await serverOf(two, store).startAgain();
    for (const client of [first, second]) await eventually(() => taken(client));
    await eventually(async () => (await healthOf(cluster.replica(1))).stores[nameOf[store]]?.reachable === true);
    for (const load of loads) {
      await load.until(({ count }) => count > 20);
      const { refused, broken } = await load.stop();
      expect({ refused, broken }).toEqual({ refused: [], broken: [] });
    }
    await nothingIsMissing();
    for (const { counts } of logs) expect(Object.values(counts).filter((count) => count > COMPLAINTS_MAX)).toEqual([]);
    expect(printedOf(secretsOf(two), cluster.programs)).toEqual([]);

    async function taken(client: Client): Promise<boolean> {
      const photo = await sampleFace(0, take++);
      if ((await enrolled(client, ann, photo)) !== 'acknowledged') return false;
      ledger.acknowledge(ann, photo);
      return true;
    }
  });

  it('that are started while NATS is away know nobody, and say so, until it is back', async () => {
    const { cluster, apiKey, probe } = two;
    const nats = serverOf(two, 'nats');
    await nats.end('SIGKILL');
    const late = await cluster.launchReplica();
    await eventually(() => asked(late, apiKey, probe).then((status) => status === 503));
    expect(await asked(late, 'fhk_nobody', probe)).toBe(503);
    expect(await healthOf(late)).toMatchObject({ status: 503 });
    expect(await asked(cluster.replica(0), apiKey, probe)).toBe(200);

    await nats.startAgain();
    await late.program.untilReady(late.healthUrl);
    expect((await new Client(late.url, apiKey).recognize(probe)).body).toMatchObject({ foundFace: 'Ann' });
    expect(await asked(late, 'fhk_nobody', probe)).toBe(401);
    await late.program.stop();
    cluster.replicas.pop();
  });

  /** From the registry, and from what answers once it is trained. */
  async function nothingIsMissing(): Promise<void> {
    const { first, ann } = two;
    const { body } = await first.call('GET', `/v1/people/${ann}/photos?limit=100`);
    const found = new Set((body['items'] as { id: string }[]).map(({ id }) => id));
    expect(ledger.missingFrom(new Map([[ann, found]]))).toEqual([]);
    await eventually(
      async () => (await first.call('GET', '/v1/model')).body['active'] as { photos: number } | null,
      (active) => active?.photos === found.size,
      { withinMs: 60_000 },
    );
  }
}

const nameOf = { minio: 's3', nats: 'nats', mongo: 'mongodb' } as const;

function serverOf({ cluster }: TwoReplicas, store: (typeof stores)[number]) {
  const { process } = cluster.server(store);
  if (!process) throw new Error(`${store} was given, and is not ours to kill`);
  return process;
}

async function asked({ url, program }: Replica, apiKey: string, probe: Uint8Array): Promise<number> {
  try {
    return (await new Client(url, apiKey).recognize(probe)).status;
  } catch (cause) {
    if (program.ended) throw new Error(`the replica has ended: ${program.printed.slice(-900)}`, { cause });
    throw cause;
  }
}
