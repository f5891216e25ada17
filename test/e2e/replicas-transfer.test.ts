import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { backUp, restore, type Backup } from '../support/backup.js';
import { Client } from '../support/client.js';
import { facehash } from '../support/command-line.js';
import { Product } from '../support/product.js';
import { Replicas } from '../support/replicas.js';
import { sampleFace, sampleFaces, samplePersons } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';
import { personOf } from '../support/two-replicas.js';

const binaries = await serversOrReason(['minio', 'nats-server', 'ferretdb']);
const names = ['Ann', 'Ben', 'Cleo', 'Dora'] as const;

interface Answer {
  readonly foundFace: string | null;
  readonly version: string | undefined;
}

describe('a model', () => {
  if (typeof binaries === 'string') it.skip(`is not moved: ${binaries}`, () => undefined);
  else moved();
});

function moved(): void {
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  it('that was exported from one machine answers the same in a cluster, on every replica and without training, and the other way round', async () => {
    const [there, back] = [join(folder.path, 'there.tar'), join(folder.path, 'back.tar')];
    const before = await onOneMachine(join(folder.path, 'one'), async ({ client, dataDir }) => {
      await enrol(client);
      const told = await answersOf(client);
      await facehash(dataDir, 'export', 'default', there);
      return told;
    });
    expect(before.map(({ foundFace }) => foundFace)).toEqual([...names, null, null, null, null]);

    await using cluster = await Replicas.start();
    await cluster.facehash('import', there, '--name', 'moved');
    const clients = await knownBy(cluster, 'moved');
    for (const client of clients) expect(await answersOf(client)).toEqual(before);
    expect(cluster.lifecycle?.printed).not.toContain('training run starts');

    await cluster.facehash('export', 'moved', back);
    const other = join(folder.path, 'other');
    await facehash(other, 'import', back);
    const after = await onOneMachine(other, async ({ url, dataDir, program }) => {
      const told = await answersOf(new Client(url, (await readFile(join(dataDir, 'keys', 'moved'), 'utf8')).trim()));
      expect(program.printed).not.toContain('training run starts');
      return told;
    });
    expect(after).toEqual(before);
  });

  it('is restored from a backup of all that was kept, and answers and goes on as before', async () => {
    const { backup, before, counter } = await thenDestroyed();
    await using cluster = await Replicas.start({ before: (stores) => restore(stores, backup) });
    const clients = await knownBy(cluster, 'front-door');
    const [first, second] = clients;
    if (!first || !second) throw new Error('two replicas were asked for');
    for (const client of clients) expect(await answersOf(client)).toEqual(before);
    expect(cluster.lifecycle?.printed).not.toContain('training run starts');

    const taken = await second.train('Ann', await sampleFaces(0, [30, 31]));
    expect(taken.body).toMatchObject({ trainingSuccess: 1, accepted: 2 });
    const { active } = (await first.call('GET', '/v1/model')).body as { active: { snapshot: number; photos: number } };
    expect(active.snapshot).toBeGreaterThan(counter);
    expect(active.photos).toBe(4 * names.length + 2);
    const { status } = await first.call('DELETE', `/v1/people/${await personOf(first, 'Ben')}`);
    expect(status).toBe(202);
    for (const client of clients) expect((await client.recognize(await sampleFace(1, 9))).body).toMatchObject({ foundFace: null });
  });

  async function thenDestroyed(): Promise<{ readonly backup: Backup; readonly before: readonly Answer[]; readonly counter: number }> {
    await using cluster = await Replicas.start();
    await cluster.makeModel('front-door');
    const [first] = await knownBy(cluster, 'front-door');
    if (!first) throw new Error('no replica was started');
    await enrol(first);
    const before = await answersOf(first);
    const { active } = (await first.call('GET', '/v1/model')).body as { active: { snapshot: number } };
    return { before, counter: active.snapshot, backup: await backUp(cluster, join(folder.path, 'backup')) };
  }
}

async function enrol(client: Client): Promise<void> {
  for (const [who, name] of names.entries()) {
    const { body } = await client.train(name, await sampleFaces(who, [0, 1, 2, 3]));
    expect(body).toMatchObject({ trainingSuccess: 1 });
  }
}

/** To photos that were not enrolled, of those who were and of others. */
async function answersOf(client: Client): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let who = 0; who < samplePersons; who++) {
    const { body } = await client.recognize(await sampleFace(who, 9));
    answers.push({ foundFace: body.foundFace, version: body.version });
  }
  return answers;
}

/** A client of each replica, when all of them know the model and have a version of it. */
async function knownBy(cluster: Replicas, model: string): Promise<readonly Client[]> {
  const clients = cluster.clients((await readFile(join(cluster.dataDir, 'keys', model), 'utf8')).trim());
  for (const client of clients) await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
  return clients;
}

interface OneMachine {
  readonly url: string;
  readonly client: Client;
  readonly dataDir: string;
  readonly program: Product;
}

async function onOneMachine<T>(dataDir: string, use: (machine: OneMachine) => Promise<T>): Promise<T> {
  await using program = await Product.start({ dataDir });
  const told = await use({ url: program.url, client: new Client(program.url, program.apiKey), dataDir, program });
  await program.stop();
  return told;
}
