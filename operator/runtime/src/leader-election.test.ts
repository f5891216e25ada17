import { seededRandom, silentLogger } from '@facehash/kernel';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { tcpProxy, TestProcess, untilItPasses } from '@facehash/testing';
import { KubeClient } from './kube-client.js';
import { LeaderElection, type LeaderElectionOptions } from './leader-election.js';
import { leases } from './resource.js';
import { systemRuntimeClock } from './runtime-clock.js';
import { kubeConfigAt, whyNotHere } from './testing/real-api.js';
import { RecordingMetrics } from './testing/recording-metrics.js';

const server = await startApiServer().catch(whyNotHere);

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('the election of a leader', () => {
  if (typeof server === 'string') it.skip(`has no API server here: ${server}`, () => undefined);
  else withinOneProcess(server);
});

describe('leaders in processes of their own', () => {
  if (typeof server === 'string') it.skip(`have no API server here: ${server}`, () => undefined);
  else betweenProcesses(server);
});

const times = { leaseDurationMs: 2_000, renewDeadlineMs: 1_200, retryPeriodMs: 200 };

function withinOneProcess(api: ApiServer): void {
  const client = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager: 'test' });
  const stop = new AbortController();
  afterAll(async () => {
    stop.abort(new Error('stop'));
    await client.close();
  });

  const candidate = (name: string, identity: string, overrides: Partial<LeaderElectionOptions> = {}): LeaderElection =>
    new LeaderElection({
      ...{ client, namespace: 'default', name, identity, ...times, clock: systemRuntimeClock },
      ...{ random: seededRandom(1), logger: silentLogger, metrics: new RecordingMetrics(), ...overrides },
    });

  it('has one leader, and after its release the next one at once, in the next term', async () => {
    const metrics = new RecordingMetrics();
    const [one, two] = [candidate('handover', 'one', { metrics }), candidate('handover', 'two')];
    expect(await one.acquire(stop.signal)).toBe(0);
    const enough = new AbortController();
    const holding = one.hold(enough.signal);
    const second = two.acquire(stop.signal);
    await untilItPasses(() => expect(two.holder).toBe('one'));
    expect([one.term, two.term]).toEqual([0, undefined]);
    expect(metrics.read('leader_election_master_status', { name: 'handover' })).toBe(1);
    enough.abort(new Error('stop'));
    expect(await holding).toBe('stopped');
    const began = performance.now();
    await one.release();
    expect(await second).toBe(1);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(one.term).toBeUndefined();
  });

  it('renews for longer than the lease lasts, also when the wall clock is set by hours', async () => {
    let setByMs = 0;
    const clock = { ...systemRuntimeClock, now: () => new Date(Date.now() + setByMs) };
    const [one, two] = [candidate('clocks', 'one', { clock }), candidate('clocks', 'two')];
    await one.acquire(stop.signal);
    const enough = new AbortController();
    const holding = one.hold(enough.signal);
    let taken = false;
    two.acquire(enough.signal).then(
      () => (taken = true),
      () => undefined,
    );
    for (const hours of [-5, 7, -1]) {
      setByMs = hours * 3_600_000;
      await systemRuntimeClock.sleep(1_000);
    }
    expect([one.term, taken]).toEqual([0, false]);
    enough.abort(new Error('stop'));
    await holding;
  });

  it('takes over from one that went without a word, once it has been silent for the duration as seen from here', async () => {
    const [one, two] = [candidate('silent', 'one'), candidate('silent', 'two')];
    await one.acquire(stop.signal);
    const began = performance.now();
    expect(await two.acquire(stop.signal)).toBe(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(2_000);
    expect(await one.hold(stop.signal)).toBe('lost');
  });

  it('steps down before another may lead when it cannot renew, and does not wait for an answer to know it', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    const cutOff = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig, { port: proxy.port }), fieldManager: 'test' });
    const [one, two] = [candidate('stalled', 'one', { client: cutOff }), candidate('stalled', 'two')];
    await one.acquire(stop.signal);
    const holding = one.hold(stop.signal).then((how) => ({ how, at: performance.now() }));
    const taking = two.acquire(stop.signal).then((term) => ({ term, at: performance.now() }));
    proxy.stall();
    const [lost, taken] = await Promise.all([holding, taking]);
    expect([lost.how, taken.term]).toEqual(['lost', 1]);
    expect(lost.at).toBeLessThan(taken.at);
    await cutOff.close();
  });

  it('keeps leading through resets of its connection', async () => {
    await using proxy = await tcpProxy({ port: Number(new URL(api.url).port) });
    const shaky = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig, { port: proxy.port }), fieldManager: 'test' });
    const one = candidate('resets', 'one', { client: shaky });
    await one.acquire(stop.signal);
    const enough = new AbortController();
    const holding = one.hold(enough.signal);
    for (let i = 0; i < 6; i++) {
      await systemRuntimeClock.sleep(400);
      proxy.resetAll();
    }
    expect(one.term).toBe(0);
    enough.abort(new Error('stop'));
    expect(await holding).toBe('stopped');
    await one.release();
    await shaky.close();
  });

  it('never counts back when somebody deletes the lease', async () => {
    const ref = { name: 'deleted', namespace: 'default' };
    const [one, two] = [candidate('deleted', 'one'), candidate('deleted', 'two')];
    await one.acquire(stop.signal);
    const enough = new AbortController();
    const holding = one.hold(enough.signal);
    await client.delete(leases, ref);
    // The leader makes it again, in the term that it has.
    await untilItPasses(async () =>
      expect(await client.get(leases, ref)).toMatchObject({ spec: { holderIdentity: 'one', leaseTransitions: 0 } }),
    );
    enough.abort(new Error('stop'));
    await holding;
    expect(await two.acquire(stop.signal)).toBe(1);
    await client.delete(leases, ref);
    // Who saw the last term goes on from there; who saw nothing is told by whoever does remember.
    expect(await two.acquire(stop.signal)).toBe(1);
    await client.delete(leases, ref);
    expect(await candidate('deleted', 'three', { termAtLeast: () => 40 }).acquire(stop.signal)).toBe(40);
  });

  it('gives back what a renewal that was broken off may have written', async () => {
    const one = candidate('broken-off', 'one');
    await one.acquire(stop.signal);
    await client.patch(
      leases,
      { name: 'broken-off', namespace: 'default' },
      { strategy: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    await one.release();
    expect(await client.get(leases, { name: 'broken-off', namespace: 'default' })).toMatchObject({ spec: { holderIdentity: '' } });
  });

  it('refuses times that would let two lead', () => {
    expect(() => candidate('never', 'one', { renewDeadlineMs: 2_000 })).toThrow(RangeError);
  });
}

interface Line {
  readonly what: string;
  readonly term?: number;
  readonly at: number;
}

function betweenProcesses(api: ApiServer): void {
  const program = new URL('./testing/leader-process.ts', import.meta.url);
  const port = new URL(api.url).port;
  const start = (name: string, identity: string): TestProcess => new TestProcess(program, api.kubeconfig, port, name, identity);
  const linesOf = (process: TestProcess): readonly Line[] => process.lines.map((line) => JSON.parse(line) as Line);
  const pidOf = (process: TestProcess): number => Number(linesOf(process)[0]?.what.split(' ')[1]);
  const said = (process: TestProcess, what: string): Promise<Line> =>
    untilItPasses(() => {
      const line = linesOf(process).find((known) => known.what === what);
      if (line === undefined) throw new Error(`it has not said ${what}`);
      return line;
    });

  it('follow one that was killed, after the lease’s duration and not much later', async () => {
    await using one = start('killed', 'one');
    await said(one, 'leads');
    await using two = start('killed', 'two');
    await two.printed(1);
    await one.kill();
    const killedAt = Date.now();
    const { term, at } = await said(two, 'leads');
    expect(term).toBe(1);
    expect(at - killedAt).toBeLessThan(5_000);
  });

  it('write nothing more once they were stopped for longer than the lease, and end', async () => {
    await using one = start('stopped', 'one');
    await said(one, 'writes');
    await using two = start('stopped', 'two');
    await two.printed(1);
    process.kill(pidOf(one), 'SIGSTOP');
    const taken = await said(two, 'writes');
    const continuedAt = Date.now();
    process.kill(pidOf(one), 'SIGCONT');
    await one.done();
    const late = linesOf(one).filter(({ what, at }) => what === 'writes' && at >= continuedAt);
    expect(late).toEqual([]);
    expect(taken.term).toBe(1);
    expect(linesOf(one).at(-1)?.what).toBe('lost');
  });
}
