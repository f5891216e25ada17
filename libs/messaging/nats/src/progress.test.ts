import { systemClock, systemRandom } from '@facehash/kernel';
import type { ProgressMessage } from '@facehash/messaging-core';
import { aProgressMessage } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { tcpProxy } from '@facehash/testing';
import { progressSubject } from './names.js';
import { openProgressTeller, type ProgressTeller } from './progress.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { until } from './testing/watching.js';

describeOnNats(await reasonAgainst('nats', ownServer), 'the progress of training runs', () => {
  let nats: TestNats;
  const tellers: ProgressTeller[] = [];
  const stop = { now: new AbortController() };
  beforeAll(async () => void (nats = await TestNats.on(await startServer('nats', ownServer))));
  beforeEach(() => void (stop.now = new AbortController()));
  afterEach(async () => {
    stop.now.abort();
    await Promise.all(tellers.splice(0).map((teller) => teller.close()));
    await nats.closeAll();
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  const teller = (servers = nats.server.url): ProgressTeller => {
    const context = { clock: systemClock, random: systemRandom, logger: nats.log };
    const limits = { pingMs: 250, reconnect: { firstMs: 20, maxMs: 200 } };
    const opened = openProgressTeller({ servers: [servers], name: 'trainer', limits, ...context });
    tellers.push(opened);
    return opened;
  };
  /** What one who listens from now on has heard. */
  const listener = async (): Promise<readonly ProgressMessage[]> => {
    const heard: ProgressMessage[] = [];
    const messaging = await nats.open();
    void messaging.followProgress((message) => void heard.push(message), stop.now.signal);
    await messaging.models.get('connected');
    return heard;
  };
  const last = (heard: readonly ProgressMessage[]): number | undefined => heard.at(-1)?.percent;

  it('is heard by who listens, the newest at last, however fast it is told', async () => {
    const heard = await listener();
    const trainer = teller();
    for (let percent = 0; percent <= 100; percent++) trainer.tell(aProgressMessage({ percent }));
    await until(() => last(heard) === 100);
    expect(heard.at(-1)).toEqual(aProgressMessage({ percent: 100 }));
    expect(heard.length).toBeLessThan(5);
  });

  it('is said again for who comes later', async () => {
    const trainer = teller();
    const first = await listener();
    trainer.tell(aProgressMessage({ percent: 40 }));
    await until(() => last(first) === 40);
    const later = await listener();
    await until(() => last(later) === 40);
  }, 40_000);

  it('costs the run nothing while NATS is away, and is heard once it is there', async () => {
    await using proxy = await tcpProxy({ port: nats.port });
    proxy.cut();
    const heard = await listener();
    const trainer = teller(nats.through(proxy));
    for (const percent of [10, 20]) trainer.tell(aProgressMessage({ percent }));
    proxy.heal();
    await until(() => last(heard) === 20);
    proxy.resetAll();
    trainer.tell(aProgressMessage({ percent: 30 }));
    await until(() => last(heard) === 30);
  });

  it('ends at once with a run that never reached NATS', async () => {
    const trainer = teller('nats://127.0.0.1:1');
    trainer.tell(aProgressMessage());
    const began = performance.now();
    await trainer.close();
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('goes on being heard over a restart of the server', async () => {
    const heard = await listener();
    const trainer = teller();
    trainer.tell(aProgressMessage({ percent: 10 }));
    await until(() => last(heard) === 10);
    await nats.process.end('SIGKILL');
    await nats.process.startAgain();
    trainer.tell(aProgressMessage({ percent: 50 }));
    await until(() => last(heard) === 50);
  });

  it('is passed over where it is not understood, too long, or of another run than its subject says', async () => {
    const heard = await listener();
    const message = aProgressMessage();
    const subject = progressSubject(message.storageId, message.run);
    const says = (value: unknown, at = subject): void => nats.nc.publish(at, typeof value === 'string' ? value : JSON.stringify(value));
    says('no JSON');
    says({ ...message, v: 2 });
    says({ ...message, percent: 101 });
    says({ ...message, stage: 'x'.repeat(3_000) });
    says(message, progressSubject(message.storageId, 'another-run'));
    says(message, progressSubject('another-model', message.run));
    says({ ...message, percent: 99 });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ ...message, percent: 99 }]);
  });
});
