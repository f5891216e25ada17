import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder, type TcpProxy } from '@facehash/testing';
import { killLeaders, leaderOf, takenOver, underEnrolment } from '../support/leader-kills.js';
import { OperatorStage } from '../support/operator-stage.js';
import { PlayedModels } from '../support/played-models.js';
import type { Program } from '../support/program.js';
import { serversOrReason } from '../support/servers.js';

const binaries = await serversOrReason([
  ...['kube-apiserver', 'kube-controller-manager', 'kubectl', 'etcd'],
  ...['minio', 'nats-server', 'ferretdb'],
]);
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six'] as const;
/** More of them in a test that is to take its time. */
const KILLS = Number(process.env['FACEHASH_TEST_LEADER_KILLS'] ?? 5);
const CONVERGES_MS = 90_000;
/** Longer than a run may take to begin; S3 takes a quarter of an hour. */
const CLOCK_OFF_MS = 600_000;
const clockThatIsSet = new URL('../support/set-clock.mjs', import.meta.url).href;

describe('two operators of which one leads', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else leaders();
});

function leaders(): void {
  let stage: OperatorStage;
  let models: PlayedModels;
  let network: TcpProxy;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const operatorEnv = { NODE_OPTIONS: `--import=${clockThatIsSet}`, FACEHASH_TEST_CLOCK_FILE: join(folder.path, 'clock') };
    stage = await OperatorStage.start({ replicas: 0, operators: 1, operatorEnv, train: (pod) => models.train(pod) });
    network = await stage.proxy();
    await stage.startOperator({ through: network });
    models = await PlayedModels.open(stage);
    await models.make(...NAMES);
    await Promise.all(NAMES.map((name) => models.enrol(name)));
    await models.converged(CONVERGES_MS);
  });

  afterAll(async () => {
    await models[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    await stage[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** Of its machine, by so much against the right one. */
  const setClock = async (operator: Program, byMs: number): Promise<void> => {
    await writeFile(join(folder.path, 'clock'), String(byMs));
    operator.signal('SIGUSR2');
  };

  const settles = async (work: () => Promise<void>): Promise<void> => {
    await underEnrolment(models, work);
    expect(models.witness.violations).toEqual([]);
  };

  it('lets one that was behind lead without harm', async () => {
    const [first] = stage.operators;
    if ((await leaderOf(stage)) !== first) throw new Error('the one without a network in between was to lead');
    await settles(async () => {
      network.stallOpen();
      await sleep(10_000);
      const { term } = models.witness;
      await first?.kill();
      await takenOver(models, term);
    });
    network.heal();
    await stage.startOperator();
  });

  it(
    'loses nothing and begins nothing twice when the leader is killed at any time',
    async () => {
      await settles(() => killLeaders({ stage, models }, KILLS));
    },
    120_000 + KILLS * 60_000,
  );

  it('goes on leading by the clock of the cluster when its own is set forward and back', async () => {
    const leads = await leaderOf(stage);
    const { term } = models.witness;
    for (const byMs of [CLOCK_OFF_MS, -CLOCK_OFF_MS]) {
      await setClock(leads, byMs);
      await settles(() => sleep(2_000));
    }
    // So far off that S3 takes no request that is signed by it.
    await setClock(leads, 24 * 3_600_000);
    await settles(async () => {
      await sleep(5_000);
      await setClock(leads, 0);
    });
    expect(await leaderOf(stage)).toBe(leads);
    expect(models.witness.term).toBe(term);
  });

  it('has one that was stopped for longer than its lease leave without another word', async () => {
    const stopped = await leaderOf(stage);
    await settles(async () => {
      const { term } = models.witness;
      stopped.signal('SIGSTOP');
      await takenOver(models, term);
      stopped.signal('SIGCONT');
      await stopped.exited();
    });
    expect(stopped.printed).toContain('the lease is lost');
    await stage.startOperator();
  });

  it('has one leave that another one leads beside, by a lease of another name', async () => {
    const before = await leaderOf(stage);
    await settles(async () => {
      const { term } = models.witness;
      await stage.startOperator({ env: { FACEHASH_LEASE_NAME: 'another' } });
      await takenOver(models, term);
      await before.exited();
    });
  });
}
