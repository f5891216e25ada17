import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@facehash/testing';
import type { Client } from '../support/client.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { personOf, twoReplicas, type TwoReplicas } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);
const PATIENCE = { withinMs: 60_000 };

describe('NATS that lost everything it held, under replicas that run', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else lost();
});

function lost(): void {
  let two: TwoReplicas;
  beforeAll(async () => {
    two = await twoReplicas();
    expect((await two.first.train('Ben', await sampleFaces(3, [0, 1, 2]))).status).toBe(200);
  });
  afterAll(() => two?.cluster[Symbol.asyncDispose]());

  it('costs nobody their name, be it that somebody is renamed or comes before anything was written again', async () => {
    const { cluster, first, second, ann } = two;
    await eventually(
      () => nameOfBen(second),
      (name) => name === 'Ben',
    );
    const { process: nats } = cluster.server('nats');
    await nats?.end('SIGKILL');
    await rm(join(nats?.folder ?? '', 'jetstream'), { recursive: true });
    await nats?.startAgain();

    await eventually(async () => (await first.call('PATCH', `/v1/people/${ann}`, { name: 'Anna' })).status === 200, PATIENCE);
    for (const client of [first, second]) {
      await eventually(
        async () => (await client.recognize(two.probe)).body.foundFace,
        (name) => name === 'Anna',
        PATIENCE,
      );
      expect(await nameOfBen(client)).toBe('Ben');
    }
    const trained = await second.train('Cleo', await sampleFaces(4, [0, 1, 2]));
    expect(trained.body).toMatchObject({ trainingSuccess: 1 });
    for (const client of [first, second]) {
      expect((await client.recognize(await sampleFace(4, 9))).body.foundFace).toBe('Cleo');
      expect(await nameOfBen(client)).toBe('Ben');
    }
    expect(await personOf(first, 'Anna')).toBe(ann);
  });

  it('is of no account to a replica that starts after it', async () => {
    const { url } = await two.cluster.addReplica();
    const third = two.cluster.clients(two.apiKey).at(-1);
    if (!third) throw new Error(`no client of ${url}`);
    await eventually(
      () => nameOfBen(third),
      (name) => name === 'Ben',
      PATIENCE,
    );
  });
}

async function nameOfBen(client: Client): Promise<string | null | undefined> {
  return (await client.recognize(await sampleFace(3, 9))).body.foundFace;
}
