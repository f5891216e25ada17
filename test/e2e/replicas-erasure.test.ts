import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import { sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { asking, personOf, twoReplicas, type TwoReplicas } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);
const PARTED_MS = 15_000;
/** A replica that was not heard of for a minute counts as gone. */
const GONE_WITHIN_MS = 90_000;

describe('erasing somebody while a replica is cut off from NATS', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else whileCutOff();
});

function whileCutOff(): void {
  let two: TwoReplicas;
  beforeAll(async () => {
    two = await twoReplicas();
    expect((await two.first.train('Ben', await sampleFaces(3, [0, 1, 2]))).body).toMatchObject({ trainingSuccess: 1 });
  });
  afterAll(() => two.cluster[Symbol.asyncDispose]());

  it('masks at once where it was asked, says so only when the other one is back, and names nobody from then on', async () => {
    const { cluster, first } = two;
    const loads = asking(two);
    await using _asked = { [Symbol.asyncDispose]: () => Promise.all(loads.map((load) => load.stop())).then(() => undefined) };
    const { nats } = cluster.replica(1).network;
    nats.cut();
    const began = performance.now();
    const asked = await first.call('DELETE', `/v1/people/${two.ann}`);
    expect(asked).toMatchObject({ status: 202, body: { maskedAt: null, completedAt: null } });
    expect((await first.recognize(two.probe)).body).toMatchObject({ foundFlag: 0, foundFace: null });
    for (; performance.now() - began < PARTED_MS; await sleep(500)) expect(await receipt()).toMatchObject({ maskedAt: null });

    nats.heal();
    await eventually(async () => (await receipt())['maskedAt'] !== null);
    await nobodyIsNamed();
    await eventually(async () => (await receipt())['completedAt'] !== null, { withinMs: 60_000 });
    for (const load of loads) {
      const { refused, broken } = await load.stop();
      expect({ refused, broken }).toEqual({ refused: [], broken: [] });
    }

    async function receipt(): Promise<Record<string, unknown>> {
      return (await first.call('GET', `/v1/erasures/${two.ann}`)).body;
    }

    /** In what was asked since, of either. */
    async function nobodyIsNamed(): Promise<void> {
      const from = loads.map(({ answers }) => answers.length + 1);
      await sleep(3000);
      for (const [i, { answers }] of loads.entries())
        expect(new Set(answers.slice(from[i]).map(({ foundFace }) => foundFace))).toEqual(new Set([null]));
    }
  });

  it('comes to an end without it, and it names nobody by then, as it hears of the erasure from the registry', async () => {
    const { cluster, first, second } = two;
    const carla = await sampleFaces(4, [0, 1, 2, 3, 9]);
    const [probe = new Uint8Array()] = carla.splice(4);
    expect((await first.train('Carla', carla)).body).toMatchObject({ trainingSuccess: 1 });
    await eventually(async () => (await second.recognize(probe)).body.foundFace === 'Carla');
    const id = await personOf(first, 'Carla');
    const { nats } = cluster.replica(1).network;
    nats.cut();
    expect(await first.call('DELETE', `/v1/people/${id}`)).toMatchObject({ status: 202, body: { maskedAt: null } });
    await eventually(async () => (await first.call('GET', `/v1/erasures/${id}`)).body['maskedAt'] !== null, { withinMs: GONE_WITHIN_MS });
    for (let times = 0; times < 5; times++) expect((await second.recognize(probe)).body).toMatchObject({ foundFlag: 0, foundFace: null });
    await eventually(async () => (await first.call('GET', `/v1/erasures/${id}`)).body['completedAt'] !== null, { withinMs: 60_000 });
    nats.heal();
    await sleep(3000);
    for (const client of [first, second]) expect((await client.recognize(probe)).body).toMatchObject({ foundFlag: 0, foundFace: null });
  });
}
