import { eventually } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere } from '../support/cluster.js';
import type { Client } from '../support/client.js';
import { testedBlocks } from '../support/documents.js';
import { GuideShell } from '../support/guide-shell.js';
import { Installation, PLATFORM } from '../support/installation.js';
import { noImages } from '../support/images.js';
import { patientlyTrained } from '../support/patient-training.js';
import { sampleFace } from '../support/sample-faces.js';
import { noTrouble, Witness } from '../support/witness.js';

const reason = noImages ?? (await noClusterHere());

describe('a model with replicas of its own', () => {
  if (reason === undefined) dedicated();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

/** A door of the other kind: here all that is asked comes by the Gateway, and not by an Ingress. */
const values = {
  ingress: { enabled: false },
  httpRoute: { enabled: true, parentRefs: [{ name: 'traefik', namespace: 'ingress' }] },
  inference: { extraEnv: [{ name: 'VISION_QUEUE_WAIT_SECONDS', value: '30' }] },
};
const OF_MODEL = 'facehash.dev/model-name=own';

function dedicated(): void {
  let here: Installation;
  let shell: GuideShell;
  let client: Client;
  const witness = new Witness();

  beforeAll(async () => {
    here = await Installation.start({ values });
    shell = await GuideShell.start({ KUBECONFIG: here.cluster.kubeconfig });
    client = await here.faceModel('own', { serving: { mode: 'Dedicated', replicas: 2 } });
  });

  afterAll(async () => {
    await witness.stop();
    await shell?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  it('is answered for by them, through the door that all models share', async () => {
    await enrol('Ann', 0);
    await here.kubectl.run('wait', 'fm/own', '--for=condition=Ready', '--timeout=60s');
    const pods = await eventually(ownPods, (names) => names.length === 2, IN_CLUSTER);
    const before = await answeredBy(pods);
    for (let i = 0; i < 10; i++) expect(await witness.named(client, await sampleFace(0, 9))).toBe('Ann');
    expect((await answeredBy(pods)) - before).toBe(10);
  });

  it('takes a new version over without an answer that fails', async () => {
    witness.asks('own', client, { of: 'Ann', photo: await sampleFace(0, 9) });
    witness.asks('own', client, { of: 'Ben', photo: await sampleFace(3, 9) });
    await undisturbed(async () => {
      await enrol('Ben', 3);
      await witness.hears('own', await here.field('own', '.status.activeVersion.name'));
    });
    expect(await witness.named(client, await sampleFace(3, 8))).toBe('Ben');
  });

  it('has its pods restarted, and more of them, without an answer that fails', async () => {
    await undisturbed(async () => {
      const [restart = ''] = await testedBlocks('docs/operate.md', 'dedicated');
      await shell.run(restart);
      const deployment = await here.kubectl.run('get', 'deployments', '-n', PLATFORM, '-l', OF_MODEL, '-o', 'name');
      await here.kubectl.run('rollout', 'status', deployment, '-n', PLATFORM, '--timeout=85s');
      await here.kubectl.run('patch', 'fm', 'own', '--type=merge', '-p', '{"spec":{"serving":{"replicas":3}}}');
      await eventually(ownPods, (names) => names.length === 3, IN_CLUSTER);
    });
  });

  it('goes back to the replicas of all models without an answer that fails, and leaves no pod', async () => {
    await undisturbed(async () => {
      await here.kubectl.run('patch', 'fm', 'own', '--type=merge', '-p', '{"spec":{"serving":{"mode":"Shared","replicas":null}}}');
      await eventually(
        () => here.kubectl.run('get', 'deployments,services,pdb,pods', '-n', PLATFORM, '-l', OF_MODEL, '-o', 'name'),
        (left) => left === '',
        { withinMs: 90_000 },
      );
    });
    console.log(witness.summary());
  });

  it('is operated by an operator that may look at one namespace, and at no other', async () => {
    await here.upgrade({ operator: { watchNamespace: 'default' } });
    await enrol('Cleo', 4);
    expect(await witness.named(client, await sampleFace(4, 9))).toBe('Cleo');
    await here.kubectl.run('create', 'namespace', 'elsewhere');
    await here.kubectl.apply({
      apiVersion: 'facehash.dev/v1alpha1',
      kind: 'FaceModel',
      metadata: { name: 'unseen', namespace: 'elsewhere' },
    });
    const roles = await here.kubectl.run('get', 'clusterroles', '-o', 'name');
    expect(roles.split('\n').filter((name) => name.includes(`${PLATFORM}:facehash:operator`))).toEqual([]);
    await witness.goesOn();
    expect(await here.field('unseen', '.status.phase', 'elsewhere')).toBe('');
  });

  async function undisturbed(step: () => Promise<void>): Promise<void> {
    expect(await witness.troubleDuring(step)).toEqual(noTrouble);
  }

  async function enrol(name: string, person: number): Promise<void> {
    expect(await patientlyTrained(client, name, person)).toMatchObject({ trainingSuccess: 1 });
  }

  function ownPods(): Promise<readonly string[]> {
    return here.pods(OF_MODEL);
  }

  /** Calls to `POST /` that these pods have answered. */
  async function answeredBy(pods: readonly string[]): Promise<number> {
    const counts = await Promise.all(
      pods.map(async (pod) => {
        const text = await here.kubectl.run('get', '--raw', `/api/v1/namespaces/${PLATFORM}/pods/${pod}:9090/proxy/metrics`);
        const lines = text.matchAll(/^facehash_http_request_duration_seconds_count\{[^}]*route="\/"[^}]*\} (\d+)$/gm);
        return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
}
