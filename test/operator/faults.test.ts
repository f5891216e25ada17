import { setTimeout as sleep } from 'node:timers/promises';
import { authorityOf, httpFront, type HttpFront } from '@facehash/operator-runtime/testing';
import { eventually, type TcpProxy } from '@facehash/testing';
import { LogWatch } from '../support/log-watch.js';
import { OperatorStage } from '../support/operator-stage.js';
import { PlayedModels } from '../support/played-models.js';
import type { Program } from '../support/program.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason([
  ...['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd'],
  ...['minio', 'nats-server', 'ferretdb'],
]);
const NAMES = ['one', 'two', 'three'] as const;
/** A round of three runs takes some seconds; the rest is what the fault costs, and a machine that others use. */
const CONVERGES_MS = 60_000;
/** Longer than a lease, and less than a call may take. */
const SLOW_LIST_MS = 20_000;

describe('an operator behind a bad network, and stores that go and come back', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else faults();
});

function faults(): void {
  let stage: OperatorStage;
  let models: PlayedModels;
  let network: TcpProxy;
  let front: HttpFront;
  let operator: Program;

  beforeAll(async () => {
    stage = await OperatorStage.start({ replicas: 0, operators: 0, train: (pod) => models.train(pod) });
    network = await stage.proxy();
    front = await httpFront({ url: stage.api.url, ca: authorityOf(stage.api.kubeconfig) });
    models = await PlayedModels.open(stage);
    operator = await stage.startOperator({ through: network });
    await models.make(...NAMES);
    await round(() => Promise.resolve());
  });

  afterEach(async () => {
    network.heal();
    front.answer(undefined);
    // What one test finds must not be found by all after it.
    if (operator.ended) operator = await stage.startOperator({ through: network });
  });

  afterAll(async () => {
    await models[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await front[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
  });

  /** New photos for every model, and something that goes wrong meanwhile: everything comes to its end all the same, and once. */
  const round = async (fault: () => Promise<void>, withinMs = CONVERGES_MS): Promise<void> => {
    const before = models.witness.jobs;
    const enrolled = Promise.all(NAMES.map((name) => models.enrol(name)));
    await fault();
    await enrolled;
    await models.converged(withinMs);
    expect(models.witness.violations).toEqual([]);
    expect(models.witness.jobs - before).toBe(NAMES.length);
  };

  const untilJobs = async (count: number): Promise<void> => {
    const before = models.witness.jobs;
    await eventually(() => models.witness.jobs >= before + count);
  };

  it('goes on after resets of all its connections in the middle of runs', async () => {
    await round(async () => {
      await untilJobs(1);
      for (let i = 0; i < 10; i++) {
        network.resetAll();
        await sleep(300);
      }
    });
    expect(operator.ended).toBe(false);
  });

  it('goes on after the network swallowed everything for less than its lease, or was cut', async () => {
    await round(async () => {
      await untilJobs(1);
      network.stall();
      await sleep(3_000);
      network.heal();
    });
    await round(async () => {
      await untilJobs(1);
      network.cut();
      await sleep(3_000);
      network.heal();
    });
    expect(operator.ended).toBe(false);
  });

  it('does not hang on connections that lead nowhere while new ones do', async () => {
    await round(async () => {
      await untilJobs(1);
      network.stallOpen();
    }, 120_000);
    expect(operator.ended).toBe(false);
  });

  it('works over a slow line', async () => {
    await round(async () => {
      network.slow(20_000);
      await sleep(5_000);
    });
    expect(operator.ended).toBe(false);
  });

  it('leaves when it could not renew its lease, and who comes after it goes on with what is there', async () => {
    const left = operator;
    await round(async () => {
      await untilJobs(1);
      network.cut();
      await operator.exited();
      await sleep(5_000);
      network.heal();
      operator = await stage.startOperator({ through: network });
    });
    expect(left.printed).toContain('the lease is lost');
  });

  it.each(['nats', 'minio'] as const)('waits for %s while it is away, says so once, and goes on', async (store) => {
    const log = new LogWatch(operator);
    await round(async () => {
      await untilJobs(1);
      await stage.stores.server(store).process?.end('SIGTERM');
      await sleep(8_000);
      await stage.stores.server(store).process?.startAgain();
    });
    expect(operator.ended).toBe(false);
    for (const [message, times] of Object.entries(log.counts)) expect({ message, times }).toEqual({ message, times: 1 });
  });

  it('does nothing before it has seen everything, however long its first lists take, and stays', async () => {
    await operator.stop();
    const lists = new Set<string>();
    const watches: string[] = [];
    front.answer(({ method, url }) => {
      if (method !== 'GET' || isLease(url)) return undefined;
      const [path = ''] = url.split('?');
      if (url.includes('watch=')) return void watches.push(path);
      if (!/\/(facemodels|jobs|pods|nodes)$/.test(path) || lists.has(path)) return undefined;
      lists.add(path);
      return { holdMs: SLOW_LIST_MS };
    });
    const before = models.witness.jobs;
    const enrolled = Promise.all(NAMES.map((name) => models.enrol(name)));
    const started = stage.startOperator({ through: { port: front.port, protocol: 'http' } });
    await eventually(() => lists.size > 0);
    await sleep(SLOW_LIST_MS / 2);
    expect([watches, models.witness.jobs - before]).toEqual([[], 0]);
    operator = await started;
    front.answer(undefined);
    await enrolled;
    await models.converged(CONVERGES_MS);
    expect(models.witness.violations).toEqual([]);
    expect(models.witness.jobs - before).toBe(NAMES.length);
    expect(operator.ended).toBe(false);
  });

  it('is patient with a server that throttles and one that fails, and lists anew where its position is gone', async () => {
    await operator.stop();
    operator = await stage.startOperator({ through: { port: front.port, protocol: 'http' } });
    await round(async () => {
      await untilJobs(1);
      front.answer(({ url }) => (isLease(url) || Math.random() < 0.3 ? undefined : { status: 429, headers: { 'retry-after': '1' } }));
      await sleep(5_000);
      front.answer(undefined);
    });
    await round(async () => {
      await untilJobs(1);
      front.answer(({ url }) => (isLease(url) || Math.random() < 0.3 ? undefined : { status: 500 }));
      await sleep(5_000);
      front.answer(undefined);
    });
    await round(async () => {
      await untilJobs(1);
      const gone = JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
      front.answer(({ url }) => (url.includes('watch=') ? { status: 410, body: gone } : undefined));
      front.breakOff();
      await sleep(3_000);
      front.answer(undefined);
    });
    expect(operator.ended).toBe(false);
  });
}

function isLease(url: string): boolean {
  return url.includes('/leases');
}
