import { eventually } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere } from '../support/cluster.js';
import type { Client } from '../support/client.js';
import { testedBlocks } from '../support/documents.js';
import { GuideShell } from '../support/guide-shell.js';
import { noImages } from '../support/images.js';
import { Installation, PLATFORM, RELEASE } from '../support/installation.js';
import { OwnStores, ownStores, type Credentials } from '../support/own-stores.js';
import { patientlyTrained } from '../support/patient-training.js';
import { sampleFace } from '../support/sample-faces.js';
import { noTrouble, Witness } from '../support/witness.js';

const reason = noImages ?? (await noClusterHere());
const OPERATE = 'docs/operate.md';

describe('an installation on stores of its owner, whose guides are followed to the letter', () => {
  if (reason === undefined) onOwnStores();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

function onOwnStores(): void {
  let here: Installation;
  let shell: GuideShell;
  let stores: OwnStores;
  let client: Client;
  const witness = new Witness();

  beforeAll(async () => {
    here = await Installation.start({ values: ownStores, prepare });
    // A replica that comes later has no model in memory, and none to load while its store refuses it.
    await here.answeredBy(2);
    client = await here.faceModel('door');
  });

  afterAll(async () => {
    await witness.stop();
    await shell?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  it('enrols, trains and recognises', async () => {
    await enrol('Ann', 0);
    expect(await witness.named(client, await sampleFace(0, 9))).toBe('Ann');
    expect(await here.field('door', '.status.activeVersion.backend')).toBe('wasm');
  });

  it('takes other credentials of its stores without an answer that fails, and trains by them', async () => {
    witness.asks('door', client, { of: 'Ann', photo: await sampleFace(0, 9) });
    await undisturbed(async () => {
      const { s3, nats } = await stores.rotate();
      const [block = ''] = await testedBlocks(OPERATE, 'credentials');
      await makeSecret(block, s3);
      for (const [role, credentials] of Object.entries(nats)) await makeSecret(forNats(block, role), credentials);
      await enrol('Ben', 3);
      await witness.hears('door', await active());
    });
    expect(await witness.named(client, await sampleFace(3, 9))).toBe('Ben');
  });

  it('is restored from what is kept outside the cluster, and answers by the version and the key that it had', async () => {
    await witness.stop();
    const before = { version: await active(), key: await here.apiKey('door') };
    const [backUp = '', install = '', convert = '', apply = '', ...others] = await testedBlocks(OPERATE, 'restore');
    expect(others).toEqual([]);
    await shell.run(`helm get values ${RELEASE} -n ${PLATFORM} -o yaml > values.yaml`);
    await shell.run(backUp);

    await loseTheCluster();
    for (const block of [install, convert, apply]) await shell.run(block);

    expect({ version: await active(), key: await here.apiKey('door') }).toEqual(before);
    const { body } = await eventually(
      () => client.recognize(sampleOfBen),
      ({ status }) => status === 200,
      IN_CLUSTER,
    );
    expect(body).toMatchObject({ foundFace: 'Ben', version: before.version });
    expect(await here.kubectl.run('get', 'jobs', '-n', PLATFORM, '-o', 'name')).toBe('');
    // Who is enrolled next comes to those who were.
    await enrol('Cleo', 4);
    expect(await witness.named(client, sampleOfBen)).toBe('Ben');
  });

  it('goes away in order', async () => {
    const [away = ''] = await testedBlocks(OPERATE, 'away');
    await shell.run(away);
    expect(await here.kubectl.run('get', 'fm', '-A', '-o', 'name')).toBe('');
  });

  /** The stores, and the Secrets by which they are reached. */
  async function prepare(installation: Installation): Promise<void> {
    shell = await GuideShell.start({ KUBECONFIG: installation.cluster.kubeconfig });
    stores = new OwnStores(installation);
    const { s3, nats } = await stores.start();
    const [block = ''] = await testedBlocks('docs/install.md', 'credentials');
    const secrets: Readonly<Record<string, Credentials>> = {
      s3,
      // Made, but of no use: the server here asks for none.
      mongodb: { username: 'nobody', password: 'none' },
      ...Object.fromEntries(Object.entries(nats).map(([role, credentials]) => [`nats-${role}`, credentials])),
    };
    for (const command of block.split('\n').filter(Boolean)) {
      const [, name = ''] = / generic facehash-([\w-]+) /.exec(command) ?? [];
      await makeSecret(command, secrets[name] ?? {});
    }
  }

  /** By a command that reads them from files of these names. */
  async function makeSecret(command: string, credentials: Credentials): Promise<void> {
    for (const [name, content] of Object.entries(credentials)) await shell.write(name, content);
    await shell.run(command);
  }

  /** With all that was in it, but neither operator nor finalizer had a say. The stores are there, but for NATS. */
  async function loseTheCluster(): Promise<void> {
    await here.helm('uninstall', RELEASE, '--wait', '--timeout', '120s');
    await here.kubectl.run('patch', 'fm', 'door', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    await here.kubectl.run('delete', 'crd', 'facemodels.facehash.dev', '--timeout=60s');
    await here.kubectl.run('wait', '--for=delete', 'secret/door-api-key', '--timeout=80s');
    await stores.loseNats();
  }

  async function undisturbed(step: () => Promise<void>): Promise<void> {
    expect(await witness.troubleDuring(step)).toEqual(noTrouble);
  }

  async function enrol(name: string, person: number): Promise<void> {
    expect(await patientlyTrained(client, name, person)).toMatchObject({ trainingSuccess: 1 });
  }

  function active(): Promise<string> {
    return here.field('door', '.status.activeVersion.name');
  }
}

const sampleOfBen = await sampleFace(3, 9);

/** The guide shows it for S3. */
function forNats(block: string, role: string): string {
  return block
    .replace('facehash-s3', `facehash-nats-${role}`)
    .replace('--from-file=access-key-id --from-file=secret-access-key', '--from-file=username --from-file=password');
}
