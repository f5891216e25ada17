import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@facehash/testing';
import { LogWatch, printedOf } from '../support/log-watch.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { asking, enrolled, healthOf, personOf, secretsOf, twoReplicas, type TwoReplicas } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);

describe('a replica without NATS', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else withoutNats();
});

const PARTED_MS = 30_000;
const away = 'NATS cannot be used: what needs it fails until it is back';
/** Of one kind: each call that was refused has a line of its own. */
const COMPLAINTS_MAX = 3;

function withoutNats(): void {
  let two: TwoReplicas;
  beforeAll(async () => {
    two = await twoReplicas();
  });
  afterAll(() => two.cluster[Symbol.asyncDispose]());

  it('answers by what it holds while three versions are promoted without it, and then by the newest, and by no older one again', async () => {
    const { cluster, first, second, ann } = two;
    const { network, program } = cluster.replica(1);
    const log = new LogWatch(program);
    const [firstLoad, secondLoad] = asking(two);
    await using _loads = { [Symbol.asyncDispose]: () => Promise.all([firstLoad.stop(), secondLoad.stop()]).then(() => undefined) };
    const held = (await second.recognize(two.probe)).body.version;
    const began = performance.now();
    network.nats.cut();

    const versions: (string | undefined)[] = [];
    const tookMs: number[] = [];
    for (const who of [3, 4, 5]) {
      const since = performance.now();
      const { body } = await first.train(`Newcomer ${who}`, await sampleFaces(who, [0, 1, 2]));
      tookMs.push(Math.round(performance.now() - since));
      expect(body).toMatchObject({ trainingSuccess: 1 });
      versions.push(body.version);
    }
    // A new version waits for a replica that is silent until it counts as gone, and the next ones do not.
    expect(Math.max(...tookMs)).toBeLessThan(60_000);
    const photo = await sampleFace(0, 20);
    const told = await enrolled(second, ann, photo);
    expect(['acknowledged', 'unavailable']).toContain(told);
    const made = await second.call('POST', '/v1/people', { name: 'Made Apart' });
    expect([201, 503]).toContain(made.status);
    if (made.status === 503) expect(made.body).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await sleep(Math.max(0, PARTED_MS - (performance.now() - began)));
    expect(await healthOf(cluster.replica(1))).toMatchObject({
      status: 200,
      stores: { nats: { reachable: false, why: expect.stringContaining('NATS') as string } },
    });
    expect(new Set(secondLoad.versions)).toEqual(new Set([held]));

    network.nats.heal();
    await secondLoad.until(({ answers }) => answers.at(-1)?.version !== held, 15_000);
    await eventually(() => firstLoad.answers.at(-1)?.version === secondLoad.answers.at(-1)?.version, { withinMs: 15_000 });
    await eventually(async () => (await healthOf(cluster.replica(1))).stores['nats']?.reachable === true);
    for (const load of [firstLoad, secondLoad]) {
      const { answers, refused, broken, versions: seen } = await load.stop();
      expect({ refused, broken }).toEqual({ refused: [], broken: [] });
      expect(new Set(answers.map(({ foundFace }) => foundFace))).toEqual(new Set(['Ann']));
      expect(new Set(seen).size).toBe(seen.length);
    }
    expect(versions.filter((version) => !firstLoad.versions.includes(version))).toEqual([]);
    expect(log.counts).toMatchObject({ [away]: 1 });
    expect(Object.values(log.counts).filter((count) => count > COMPLAINTS_MAX)).toEqual([]);
    expect(printedOf(secretsOf(two), cluster.programs)).toEqual([]);
    if (told === 'acknowledged') {
      const { body } = await first.call('GET', `/v1/people/${ann}/photos?limit=100`);
      expect(body['items']).toHaveLength(5);
    }
  });

  it('takes nobody in whose name it cannot tell, and takes them in when it can', async () => {
    const { cluster, first, second } = two;
    const { network } = cluster.replica(1);
    network.nats.cut();
    expect(await second.call('POST', '/v1/people', { name: 'Late' })).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } });
    const { body } = await first.call('GET', '/v1/people?limit=100');
    expect((body['items'] as { name: string }[]).map(({ name }) => name)).not.toContain('Late');
    network.nats.heal();
    // A try of which the answer alone was lost has made them.
    await eventually(async () => [201, 409].includes((await second.call('POST', '/v1/people', { name: 'Late' })).status));
    const late = await personOf(first, 'Late');
    for (const photo of await sampleFaces(6, [0, 1, 2, 3])) expect(await enrolled(second, late, photo)).toBe('acknowledged');
    const probe = await sampleFace(6, 9);
    for (const replica of [first, second]) await eventually(async () => (await replica.recognize(probe)).body.foundFace === 'Late');
  });
}
