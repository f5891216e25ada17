import { eventually } from '@facehash/testing';
import { serversOrReason } from '../support/servers.js';
import { Client } from '../support/client.js';
import { Replicas } from '../support/replicas.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { SteadyLoad } from '../support/steady-load.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);

describe('two replicas over S3, MongoDB’s protocol and NATS', () => {
  if (typeof binaries === 'string') it.skip(`are not started: ${binaries}`, () => undefined);
  else twoReplicas();
});

function twoReplicas(): void {
  let cluster: Replicas;
  let apiKey: string;
  let first: Client;
  let second: Client;

  beforeAll(async () => {
    cluster = await Replicas.start();
    apiKey = await cluster.makeModel('front-door');
    const [a, b] = cluster.clients(apiKey);
    if (!a || !b) throw new Error('two replicas were asked for');
    [first, second] = [a, b];
    await known(first);
    await known(second);
  });

  afterAll(() => cluster[Symbol.asyncDispose]());

  it('are one API: who was enrolled over one is named by the other, by the same version', async () => {
    const trained = await first.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
    expect(trained).toMatchObject({ status: 200, body: { trainingSuccess: 1, accepted: 4 } });
    const { version } = trained.body;
    for (const client of [first, second]) {
      expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann', version });
      expect((await client.recognize(await sampleFace(4, 9))).body).toMatchObject({ foundFlag: 0, foundFace: null, version });
    }
    expect((await second.train('Ben', await sampleFaces(3, [0, 1, 2]))).body.trainingSuccess).toBe(1);
    expect((await first.recognize(await sampleFace(3, 9))).body).toMatchObject({ foundFace: 'Ben' });
  });

  it('take the same photo, sent to both at once, in once', async () => {
    const { body: person } = await first.call('POST', '/v1/people', { name: 'Carla' });
    const photos = await sampleFaces(2, [0, 1, 2, 3, 4, 5]);
    const sent = await Promise.all(
      photos.flatMap((photo) => [first.addPhoto(String(person['id']), photo), second.addPhoto(String(person['id']), photo)]),
    );
    expect(sent.map(({ status }) => status).filter((status) => status >= 300)).toEqual([]);
    const outcomes = sent.map(({ body }) => (body['photos'] as { outcome: string }[])[0]?.outcome).sort();
    expect(outcomes).toEqual([...times(6, 'accepted'), ...times(6, 'duplicate')]);
    const { body: listed } = await second.call('GET', `/v1/people/${String(person['id'])}/photos`);
    expect(listed['items']).toHaveLength(6);
  });

  it('make one person of a name that both are asked for at once', async () => {
    const made = await Promise.all([first, second].map((client) => client.call('POST', '/v1/people', { name: 'Dora' })));
    expect(made.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('go over to new versions with no refused, failed or mixed answer', async () => {
    const probe = await sampleFace(0, 9);
    const loads = [first, second].flatMap((client) => [new SteadyLoad(client, probe), new SteadyLoad(client, probe)]);
    const versions: (string | undefined)[] = [];
    for (const [i, who] of [5, 6, 7].entries()) {
      const { body } = await (i % 2 === 0 ? first : second).train(`Newcomer ${who}`, await sampleFaces(who, [0, 1, 2]));
      expect(body.trainingSuccess).toBe(1);
      versions.push(body.version);
    }
    for (const load of loads) await load.until(({ answers }) => answers.at(-1)?.version === versions.at(-1));
    for (const load of loads) {
      const { answers, refused, broken, versions: seen } = await load.stop();
      expect({ refused, broken }).toEqual({ refused: [], broken: [] });
      expect(new Set(answers.map(({ foundFace }) => foundFace))).toEqual(new Set(['Ann']));
      // Each version answers for a time, and none comes back.
      expect(new Set(seen).size).toBe(seen.length);
      expect(versions.filter((version) => !seen.includes(version))).toEqual([]);
      expect(answers.length).toBeGreaterThan(20);
    }
  });

  it('are a new replica’s equals once it is ready: it knows every model, and answers what they answer', async () => {
    const third = await cluster.addReplica();
    const { body } = await new Client(third.url, apiKey).recognize(await sampleFace(0, 9));
    expect(body).toMatchObject({ foundFace: 'Ann', version: (await first.recognize(await sampleFace(0, 9))).body.version });
    await third.program.stop();
    cluster.replicas.pop();
    expect((await first.train('After', await sampleFaces(1, [0, 1, 2]))).body.trainingSuccess).toBe(1);
  });

  it('mask who is erased at once, on the one that was not asked, too', async () => {
    const { body: page } = await first.call('GET', '/v1/people?limit=100');
    const ann = (page['items'] as { id: string; name: string }[]).find(({ name }) => name === 'Ann');
    const { status, body: receipt } = await second.call('DELETE', `/v1/people/${ann?.id ?? ''}`);
    expect(status).toBe(202);
    expect(receipt['maskedAt']).not.toBeNull();
    expect((await first.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 0, foundFace: null });
    await eventually(async () => (await first.call('GET', `/v1/erasures/${ann?.id ?? ''}`)).body['completedAt'] !== null);
  });

  it('tell on the management port how their stores are, and on the main port nothing', async () => {
    const { url, healthUrl } = cluster.replica(0);
    const ready = (await (await fetch(`${healthUrl}/health/ready`)).json()) as { details: Record<string, unknown> };
    for (const store of ['mongodb', 's3', 'nats']) expect(ready.details[store]).toEqual({ status: 'up', reachable: true, why: null });
    expect((await fetch(`${healthUrl}/metrics`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`)).status).toBe(404);
  });

  it('write neither a key nor a password into their logs', () => {
    const secrets = [apiKey, new URL(cluster.server('minio').url).password, new URL(cluster.server('nats').url).password];
    for (const program of [cluster.lifecycle, ...cluster.replicas.map((replica) => replica.program)]) {
      expect(program?.printed).toContain('"ready"');
      for (const secret of secrets) expect(program?.printed).not.toContain(secret);
    }
  });
}

/** A model that was just made reaches each replica by itself. */
async function known(client: Client): Promise<void> {
  await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
}

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}
