import { eventually } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere } from '../support/cluster.js';
import type { Client, TrainAnswer } from '../support/client.js';
import { testedBlocks } from '../support/documents.js';
import { GuideShell } from '../support/guide-shell.js';
import { Installation, PLATFORM, RELEASE } from '../support/installation.js';
import { noImages } from '../support/images.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { anotherPipeline, nextChart } from '../support/next-chart.js';
import { noTrouble, Witness } from '../support/witness.js';

const reason = noImages ?? (await noClusterHere());

describe('an installation under steady recognition', () => {
  if (reason === undefined) upheaval();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

const people = ['Ann', 'Ben', 'Cleo', 'Dora', 'Eli', 'Finn', 'Gus'] as const;
type Name = (typeof people)[number];
const TRIES_MAX = 60;

const values = {
  training: { profiles: { broken: { resources: {}, tfjsBackend: 'tensorflow' } } },
  // What two cores cannot answer in time while they carry a whole cluster is not what is asked here.
  inference: { extraEnv: [{ name: 'VISION_QUEUE_WAIT_SECONDS', value: '30' }] },
};

/** Each step is something that happens to clusters; what is asked all the while is answered all the while. */
function upheaval(): void {
  let here: Installation;
  let shell: GuideShell;
  let swapped: Client;
  let restarted: Client;
  const witness = new Witness();

  beforeAll(async () => {
    here = await Installation.start({ values });
    shell = await GuideShell.start({ KUBECONFIG: here.cluster.kubeconfig });
    await here.answeredBy(2);
    [swapped, restarted] = await Promise.all([
      here.faceModel('swapped'),
      here.faceModel('restarted', { serving: { rollout: { strategy: 'RestartPods' } } }),
    ]);
    await Promise.all([enrol(swapped, 'Ann'), enrol(restarted, 'Ann')]);
    for (const [model, client] of Object.entries({ swapped, restarted })) {
      witness.asks(model, client, { of: 'Ann', photo: await sampleFace(0, 9) });
      witness.asks(model, client, { of: 'Ben', photo: await sampleFace(1, 9) });
    }
  });

  afterAll(async () => {
    await witness.stop();
    await shell?.[Symbol.asyncDispose]();
    await here?.[Symbol.asyncDispose]();
  });

  it('trains a new person and swaps the version in, one replica after another', async () => {
    await undisturbed(async () => {
      const { version } = await enrol(swapped, 'Ben');
      await witness.hears('swapped', version);
    });
    expect(await witness.named(swapped, await sampleFace(1, 8))).toBe('Ben');
  });

  it('restarts the pods for a version, where a model wants that, one after another', async () => {
    const before = await podsOf('inference');
    await undisturbed(async () => {
      const { version } = await enrol(restarted, 'Ben');
      await witness.hears('restarted', version);
      await rolledOut('deployment', 'inference');
    });
    expect((await podsOf('inference')).filter((pod) => before.includes(pod))).toEqual([]);
  });

  it('is scaled in the middle of a rollout', async () => {
    await undisturbed(async () => {
      const [{ version }] = await Promise.all([enrol(swapped, 'Cleo'), scaled(4)]);
      await rolledOut('deployment', 'inference');
      await scaled(2);
      await witness.hears('swapped', version);
      await eventually(
        () => podsOf('inference'),
        (pods) => pods.length === 2,
        IN_CLUSTER,
      );
    });
  });

  it('has its replicas restarted', async () => {
    await undisturbed(async () => {
      await here.kubectl.run('rollout', 'restart', `deployment/${RELEASE}-inference`, '-n', PLATFORM);
      await rolledOut('deployment', 'inference');
    });
  });

  it('has its node drained, and its pods placed again, with the stores among them', async () => {
    const before = await podsOf('inference');
    const [drain = ''] = await testedBlocks('docs/operate.md', 'drain');
    await undisturbed(async () => {
      // There is no other node: it stands for one that takes what this one gives up.
      await Promise.all([shell.run(drain.replace('NODE', 'local')), uncordonedOnceCordoned()]);
      for (const store of ['nats', 'minio', 'mongodb']) await rolledOut('statefulset', store);
      for (const component of ['inference', 'operator']) await rolledOut('deployment', component);
    });
    expect((await podsOf('inference')).filter((pod) => before.includes(pod))).toEqual([]);
  });

  it('loses the operator that leads, in the middle of a training', async () => {
    await undisturbed(async () => {
      const training = enrol(swapped, 'Dora');
      const holder = await here.kubectl.run('get', 'lease', `${RELEASE}-operator`, '-n', PLATFORM, '-o', 'jsonpath={.spec.holderIdentity}');
      await killed(holder.slice(0, holder.lastIndexOf('_')));
      const { version } = await training;
      await witness.hears('swapped', version);
    });
  });

  it.each(['nats', 'minio', 'mongodb'])('goes on while %s is away, and trains again when it is back', async (store) => {
    const name: Name = ({ nats: 'Eli', minio: 'Finn', mongodb: 'Gus' } as const)[store as 'nats' | 'minio' | 'mongodb'];
    await undisturbed(async () => {
      await here.kubectl.run('delete', 'pod', `${RELEASE}-${store}-0`, '-n', PLATFORM, '--wait=true');
      await rolledOut('statefulset', store);
      const { version } = await enrol(swapped, name);
      await witness.hears('swapped', version);
    });
  });

  it('keeps answering when a training fails, and goes on when it can', async () => {
    await undisturbed(async () => {
      const before = await active('restarted');
      await changed('restarted', { training: { profile: 'broken', retries: 0 } });
      const failed = await restarted.train('Cleo', await photosOf('Cleo'));
      expect(failed).toMatchObject({ status: 503, body: { trainingSuccess: 0, code: 'TRAINING_FAILED' } });
      await here.kubectl.run('wait', 'fm/restarted', '--for=condition=Stalled', '--timeout=60s');
      // Whose it is to mend it, sees what is wrong.
      expect(failed.body.detail).toContain('FACEHASH_TENSORFLOW_DIR is not set');
      expect(await active('restarted')).toBe(before);
      await changed('restarted', { training: { profile: 'default' } });
      const version = await eventually(
        () => active('restarted'),
        (name) => name !== before,
        IN_CLUSTER,
      );
      await witness.hears('restarted', version);
      await rolledOut('deployment', 'inference');
    });
  });

  it('goes back to an older version, and forward again', async () => {
    const versions = witness.versionsOf('swapped');
    const [newest, older = ''] = [versions.at(-1) ?? '', versions.at(-2)];
    await undisturbed(async () => {
      await changed('swapped', { versions: { pin: older } });
      await witness.hears('swapped', older);
      await changed('swapped', { versions: { pin: null } });
      await witness.hears('swapped', newest);
    });
  });

  it('is upgraded to the next chart, with a changed resource definition and another pipeline, by which all models are trained anew', async () => {
    const [chart, pipeline] = await Promise.all([nextChart(here.folder, 'Next'), anotherPipeline(here.folder, PLATFORM)]);
    const { descriptor, inference, training } = pipeline.values;
    await undisturbed(async () => {
      await here.kubectl.apply(pipeline.configMap);
      const profiles = { ...values.training.profiles, ...training.profiles };
      await here.upgrade({ descriptor, inference: { ...values.inference, ...inference }, training: { profiles } }, chart);
      for (const name of ['swapped', 'restarted']) {
        await eventually(
          () => here.field(name, '.status.activeVersion.pipeline'),
          (id) => id === pipeline.id,
          { withinMs: 90_000 },
        );
        await witness.hears(name, await active(name));
      }
      await rolledOut('deployment', 'inference');
    });
    expect(await here.kubectl.run('get', 'fm')).toMatch(/^NAME .* NEXT/);
    expect(await here.helm('list')).toContain('facehash-0.2.0');
  });

  it('loses a replica without a warning, which costs nothing but the calls that it had, and those succeed when tried again', async () => {
    const since = witness.count;
    const [victim = ''] = await podsOf('inference');
    await killed(victim);
    await witness.goesOn();
    const { refused, mixed, broken } = witness.since(since);
    expect({ refused, mixed }).toEqual({ refused: [], mixed: [] });
    expect(broken.filter(({ again }) => again !== 200)).toEqual([]);
  });

  it('answered everything, each call by one version', () => {
    const { asked, mixed } = witness.since(0);
    console.log(witness.summary());
    expect(asked).toBeGreaterThan(300);
    expect(mixed).toEqual([]);
  });

  /** What is asked meanwhile is answered, rightly, at the first try. */
  async function undisturbed(step: () => Promise<void>): Promise<void> {
    expect(await witness.troubleDuring(step)).toEqual(noTrouble);
  }

  async function enrol(client: Client, name: Name): Promise<TrainAnswer & { readonly version: string }> {
    const photos = await photosOf(name);
    for (let tries = 0; ; tries++) {
      const { status, body } = await client.train(name, photos);
      // A store that is away, and a replica that ends while it waits: the same bytes again are no other photos, and join what was begun.
      const again = status === 202 || (status === 503 && body.code === 'STORE_UNAVAILABLE');
      if (again && tries < TRIES_MAX) await new Promise((resolve) => setTimeout(resolve, 500));
      else {
        expect({ status, body }).toMatchObject({ status: 200, body: { trainingSuccess: 1 } });
        return { ...body, version: body.version ?? '' };
      }
    }
  }

  function photosOf(name: Name): Promise<readonly Buffer[]> {
    return sampleFaces(people.indexOf(name), [0, 1, 2, 3]);
  }

  function active(name: string): Promise<string> {
    return here.field(name, '.status.activeVersion.name');
  }

  async function changed(name: string, spec: object): Promise<void> {
    await here.kubectl.run('patch', 'fm', name, '--type=merge', '-p', JSON.stringify({ spec }));
  }

  async function scaled(replicas: number): Promise<void> {
    await here.kubectl.run('scale', `deployment/${RELEASE}-inference`, `--replicas=${replicas}`, '-n', PLATFORM);
  }

  /** By SIGKILL, from the node: nothing is told, drained or given back. Resolves when it is there again. */
  async function killed(pod: string): Promise<void> {
    const status = async (path: string): Promise<string> =>
      here.kubectl.run('get', 'pod', pod, '-n', PLATFORM, '-o', `jsonpath={.status.containerStatuses[0].${path}}`);
    const id = (await status('containerID')).replace('containerd://', '');
    await here.onNode('tasks', 'kill', '--signal', 'SIGKILL', id);
    await eventually(
      async () => `${await status('restartCount')} ${await status('ready')}`,
      (seen) => seen === '1 true',
      IN_CLUSTER,
    );
  }

  async function uncordonedOnceCordoned(): Promise<void> {
    const unschedulable = ['get', 'node', 'local', '-o', 'jsonpath={.spec.unschedulable}'];
    await eventually(
      () => here.kubectl.run(...unschedulable),
      (said) => said === 'true',
      IN_CLUSTER,
    );
    await here.kubectl.run('uncordon', 'local');
  }

  function rolledOut(kind: string, component: string): Promise<void> {
    return here.rolledOut(`${kind}/${RELEASE}-${component}`);
  }

  function podsOf(component: string): Promise<readonly string[]> {
    return here.pods(`app.kubernetes.io/component=${component}`);
  }
}
