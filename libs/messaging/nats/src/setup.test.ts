import { aModelState, aTrainCommand } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { RetentionPolicy } from '@nats-io/jetstream';
import { defaultLimits } from './limits.js';
import { commandStream, eventStream, streamOf } from './names.js';
import { differences, streamPlans } from './streams.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { until } from './testing/watching.js';

describe('what differs', () => {
  it('is said field by field, with what it is and what it must be', () => {
    const [plan] = streamPlans(defaultLimits, 3);
    if (!plan) throw new Error('there is no plan');
    expect(differences(plan, { ...plan })).toEqual([]);
    expect(differences(plan, { ...plan, num_replicas: 1, max_bytes: undefined })).toEqual([
      'KV_facehash-models: num_replicas is 1 and must be 3',
      'KV_facehash-models: max_bytes is not set and must be 67108864',
    ]);
  });
});

describeOnNats(await reasonAgainst('nats', ownServer), 'setting up', () => {
  let nats: TestNats;
  beforeEach(async () => (nats = await TestNats.on(await startServer('nats', ownServer))));
  afterEach(() => nats[Symbol.asyncDispose]());
  const names = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { config } of nats.jsm.streams.list()) found.push(config.name);
    return found.sort();
  };

  it('makes what is missing, once, with its limits', async () => {
    const [first, second] = [await nats.open(), await nats.open()];
    await Promise.all([first.models.get('m'), second.models.get('m')]);
    expect(await names()).toEqual([commandStream, eventStream, ...(['models', 'people', 'replicas'] as const).map(streamOf)]);
    for (const plan of streamPlans(defaultLimits, 1)) {
      expect(differences(plan, { ...(await nats.jsm.streams.info(plan.name)).config })).toEqual([]);
    }
  });

  it('changes what differs and can be changed, and keeps what is stored and what others set', async () => {
    const first = await nats.open();
    await first.models.put('m', aModelState(), null);
    await nats.jsm.streams.update(commandStream, { metadata: { owner: 'somebody' } });
    const second = await nats.open({ limits: { commandsMax: 7, modelsBytes: 1_000_000 } });
    expect(await second.models.get('m')).toBeDefined();
    const { config } = await nats.jsm.streams.info(commandStream);
    expect([config.max_msgs, config.metadata?.['owner']]).toEqual([7, 'somebody']);
  });

  it('says what cannot be changed, and goes on as soon as somebody has set it right', async () => {
    await nats.jsm.streams.add({ name: commandStream, subjects: ['facehash.commands.>'], retention: RetentionPolicy.Limits });
    const messaging = await nats.open({ timeoutMs: 300 });
    await expect(messaging.commands.send(aTrainCommand(1))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: {
        nats: expect.stringMatching(/FACEHASH_COMMANDS: retention is "limits" and must be "workqueue".*NATS does not change that/),
      },
    });
    expect(messaging.health().ok).toBe(false);
    await nats.jsm.streams.delete(commandStream);
    await until(() => messaging.health().ok);
    await messaging.commands.send(aTrainCommand(1));
  });

  it('only checks when it is told to, and says all that is wrong', async () => {
    const checking = await nats.open({ setup: 'check', timeoutMs: 300, limits: { eventsMax: 9 } });
    await until(() => checking.health().why.includes('there is no such stream'));
    expect(await names()).toEqual([]);
    const making = await nats.open();
    await making.models.get('m');
    await until(() => checking.health().why === 'NATS cannot be used: FACEHASH_EVENTS: max_msgs is 100000 and must be 9');
    await nats.jsm.streams.update(eventStream, { max_msgs: 9 });
    await until(() => checking.health().ok);
  });

  it('that fails later stops nobody who can go on', async () => {
    const making = await nats.open();
    await making.models.get('m');
    await making.close();
    const messaging = await nats.open({ setup: 'check' });
    await until(() => messaging.health().ok);
    await nats.jsm.streams.update(eventStream, { max_msgs: 9 });
    await nats.process.end('SIGTERM');
    await nats.process.startAgain();
    await until(async () => (await messaging.models.put('m', aModelState(), null)) !== undefined);
    await until(() => nats.told.includes('the streams could not be looked after'));
    expect(messaging.health().ok).toBe(true);
  });

  it('is left out for who may not look', async () => {
    const messaging = await nats.open({ setup: 'none', timeoutMs: 300 });
    await until(() => messaging.health().ok);
    await expect(messaging.models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await names()).toEqual([]);
  });
});
