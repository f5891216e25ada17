import { setTimeout as sleep } from 'node:timers/promises';
import { faceModels } from '@facehash/operator-reconcilers';
import { eventually } from '@facehash/testing';
import type { Client } from '../support/client.js';
import { OperatorStage, PLATFORM } from '../support/operator-stage.js';
import { sampleFaces } from '../support/sample-faces.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason([
  ...['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd'],
  ...['minio', 'nats-server', 'ferretdb'],
]);
const SECRET = 'nats-trainer';
const POLL_MS = 20;

describe('how far a training run is', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else progress();
});

interface Status {
  readonly training: { readonly run: string | null; readonly stage: string | null; readonly percent: number | null };
}

function progress(): void {
  let stage: OperatorStage;
  let client: Client;

  beforeAll(async () => {
    stage = await OperatorStage.start({ replicas: 1, trainerNats: SECRET });
    await stage.apply({
      apiVersion: 'facehash.dev/v1alpha1',
      kind: 'FaceModel',
      metadata: { name: 'slow', namespace: 'default' },
      // A fit that takes its time.
      spec: { training: { hyperparameters: { epochs: 300, hiddenUnits: [256, 256] } } },
    });
    await eventually(async () => (await stage.kubectl('get', 'secret', 'slow-api-key', '-o', 'name')) !== '');
    [client] = stage.stores.clients(await stage.apiKey('slow')) as [Client];
    await eventually(async () => (await client.call('GET', '/v1/model')).status === 200);
  });

  afterAll(() => stage[Symbol.asyncDispose]());

  /** What status and API say, in their order and each once, of runs from now on until there is none. */
  const seenDuring = async (enrol: () => Promise<unknown>) => {
    const over = new AbortController();
    const statuses = new Map<string, Status['training']>();
    const served = new Set<string>();
    const looking = (async () => {
      while (!over.signal.aborted) {
        const { metadata, ...object } = (await stage.client.get(faceModels, { name: 'slow', namespace: 'default' })) ?? { metadata: {} };
        const { training } = object['status' as keyof typeof object] as unknown as Status;
        if (training.run !== null && training.run !== undefined) statuses.set(metadata.resourceVersion ?? '', training);
        const { body } = await client.call('GET', '/v1/model');
        served.add((body['training'] as Status['training']).stage ?? 'none');
        await sleep(POLL_MS);
      }
    })();
    const began = performance.now();
    await enrol();
    const seconds = (performance.now() - began) / 1000;
    over.abort();
    await looking;
    const stages = new Set([...statuses.values()].map(({ stage: of }) => of));
    return { stages: [...stages], served: [...served], percents: [...statuses.values()].map(({ percent }) => percent ?? 0), seconds };
  };

  it('is told by its trainer while it runs, in the status and by the API, and written once in a second at most', async () => {
    const { stages, served, percents, seconds } = await seenDuring(async () => {
      await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]), { prefer: 'respond-async' });
      expect((await client.train('Ben', await sampleFaces(3, [0, 1, 2, 3]))).body).toMatchObject({ trainingSuccess: 1 });
    });
    expect(stages).toEqual(expect.arrayContaining(['Starting', 'Fitting']));
    expect(served).toEqual(expect.arrayContaining(['Fitting']));
    expect(Math.max(...percents)).toBeGreaterThanOrEqual(70);
    // Of each run there is a first status and a last one beside.
    expect(percents.length).toBeLessThan(seconds + 6);
  });

  it('is needed by nobody: without the credentials for it a run trains all the same', async () => {
    await stage.kubectl('delete', 'secret', SECRET, '-n', PLATFORM);
    const { stages } = await seenDuring(async () => {
      expect((await client.train('Carl', await sampleFaces(4, [0, 1, 2, 3]))).body).toMatchObject({ trainingSuccess: 1 });
    });
    expect(stages).toEqual(['Starting']);
  });
}
