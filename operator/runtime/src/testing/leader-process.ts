import { seededRandom, silentLogger } from '@facehash/kernel';
import { KubeClient } from '../kube-client.js';
import { LeaderElection } from '../leader-election.js';
import { noRuntimeMetrics } from '../metrics.js';
import { systemRuntimeClock } from '../runtime-clock.js';
import { kubeConfigAt } from './real-api.js';

/** A process that wants to lead, for tests: `kubeconfig port lease identity`. It prints a line of JSON for each thing that it does. */
const [kubeconfig = '', port = '', name = '', identity = ''] = process.argv.slice(2);
const say = (what: string, term?: number): void => {
  process.stdout.write(`${JSON.stringify({ what, term, at: Date.now() })}\n`);
};

const election = new LeaderElection({
  client: new KubeClient({ kubeConfig: kubeConfigAt(kubeconfig, { port: Number(port) }), fieldManager: 'test' }),
  namespace: 'default',
  name,
  identity,
  leaseDurationMs: 3_000,
  renewDeadlineMs: 2_000,
  retryPeriodMs: 400,
  clock: systemRuntimeClock,
  random: seededRandom(1),
  logger: silentLogger,
  metrics: noRuntimeMetrics,
});

say(`pid ${process.pid}`);
const never = new AbortController().signal;
const term = await election.acquire(never);
say('leads', term);
// What a leader does all the time, and must not do any more once it was deposed.
const writing = setInterval(() => {
  if (election.term !== undefined) say('writes', election.term);
}, 10);
say(await election.hold(never));
clearInterval(writing);
process.exit(0);
