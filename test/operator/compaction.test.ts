import { eventually, type TcpProxy } from '@facehash/testing';
import { compact } from '../support/etcd.js';
import { OperatorStage } from '../support/operator-stage.js';
import { PlayedModels } from '../support/played-models.js';
import type { Program } from '../support/program.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason([
  ...['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd'],
  ...['minio', 'nats-server', 'ferretdb'],
]);
const NAMES = ['one', 'two', 'three'] as const;
const CONVERGES_MS = 60_000;

describe('an operator that was away while etcd forgot what it had not seen', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else forgotten();
});

function forgotten(): void {
  let stage: OperatorStage;
  let models: PlayedModels;
  let network: TcpProxy;
  let operator: Program;

  beforeAll(async () => {
    // With its cache the API server would know by itself for a while what etcd has forgotten.
    stage = await OperatorStage.start({ replicas: 0, operators: 0, watchCache: false, train: (pod) => models.train(pod) });
    network = await stage.proxy();
    models = await PlayedModels.open(stage);
    operator = await stage.startOperator({ through: network });
    await models.make(...NAMES);
    await Promise.all(NAMES.map((name) => models.enrol(name)));
    await models.converged(CONVERGES_MS);
  });

  afterAll(async () => {
    await models[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  it('lists anew, misses nothing of what changed meanwhile, and begins nothing twice', async () => {
    const before = models.witness.jobs;
    // Nobody here erases what is stored of it.
    await stage.kubectl('annotate', 'fm', 'three', 'facehash.dev/keep=true');
    network.cut();
    // A model that it watched is gone, another one is new, and the rest has something to train.
    await stage.kubectl('delete', 'fm', 'three', '--wait=false');
    await models.make('four');
    await Promise.all(['one', 'two', 'four'].map((name) => models.enrol(name)));
    await compact(stage.api.etcdUrl ?? '');
    network.heal();
    await eventually(() => expired(operator, 'facemodels'));
    await stage.kubectl('wait', 'fm/three', '--for=delete', '--timeout=60s');
    models.forget('three');
    await models.converged(CONVERGES_MS);
    expect(models.witness.violations).toEqual([]);
    expect(models.witness.jobs - before).toBe(3);
    expect(operator.ended).toBe(false);
  });

  it('does so again and again, in the middle of runs', async () => {
    const before = models.witness.jobs;
    const enrolled = Promise.all(models.names.map((name) => models.enrol(name)));
    await eventually(() => models.witness.jobs > before);
    for (let i = 0; i < 5; i++) {
      await stage.kubectl('annotate', 'fm', 'one', '--overwrite', `example.com/note=${i}`);
      await compact(stage.api.etcdUrl ?? '');
      network.resetAll();
    }
    await enrolled;
    await models.converged(CONVERGES_MS);
    expect(models.witness.violations).toEqual([]);
    expect(models.witness.jobs - before).toBe(models.names.length);
    expect(operator.ended).toBe(false);
  });
}

/** Whether the API server has told it that its position is gone. */
function expired({ printed }: Program, resource: string): boolean {
  return printed.split('\n').some((line) => line.includes('"reason":"expired"') && line.includes(`"resource":"${resource}"`));
}
