import { systemClock, systemRandom } from '@facehash/kernel';
import { aModelState, anEvent, aPeopleProjection, aProgressMessage, aReplicaReport, aTrainCommand } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { commandStream, eventStream, keySubject, progressSubject, streamOf } from './names.js';
import type { NatsMessaging } from './nats-messaging.js';
import { openProgressTeller } from './progress.js';
import { inboxPrefixOf, permissionsOf, renderAuthorization, roles, type NatsRole, type NatsUser } from './roles.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { until, Watching } from './testing/watching.js';

const oneRun = { storageId: 'fm-1', run: 'run-1' };
const refused = { code: 'STORE_UNAVAILABLE', details: { refused: true } };

describeOnNats(await reasonAgainst('nats', ownServer), 'roles', () => {
  let nats: TestNats;
  const opened: NatsMessaging[] = [];
  const raw: NatsConnection[] = [];
  const as = (role: NatsRole): string => nats.as(role, `${role}-password`);
  const open = async (role: NatsRole): Promise<NatsMessaging> => {
    const setup = role === 'operator' ? 'make' : 'none';
    const messaging = await nats.open({ servers: [as(role)], inboxPrefix: inboxPrefixOf(role), setup });
    opened.push(messaging);
    return messaging;
  };
  /** A client that asks for whatever it likes. */
  const client = async (role: NatsRole): Promise<NatsConnection> => {
    const url = new URL(as(role));
    const [user, pass] = [url.username, url.password];
    const nc = await connect({ servers: url.host, user, pass, reconnect: false, inboxPrefix: inboxPrefixOf(role) });
    raw.push(nc);
    return nc;
  };

  beforeAll(async () => {
    const users = roles.map((role): NatsUser => ({ username: role, password: `${role}-password`, permissions: permissionsOf(role) }));
    users.push({ username: 'one-run', password: 'one-run-password', permissions: permissionsOf('trainer', oneRun) });
    const admin = { username: 'admin', password: 'admin-password' };
    const extraConfig = [renderAuthorization([{ ...admin, permissions: undefined }, ...users])];
    nats = await TestNats.on(await startServer('nats', { ...ownServer, extraConfig }), { admin });
    // The streams are there before anybody who may not make them.
    await (await open('operator')).models.get('set-up');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((messaging) => messaging.close()));
    await Promise.all(raw.splice(0).map((nc) => nc.close()));
    for (const stream of [...(['models', 'people', 'replicas'] as const).map(streamOf), eventStream, commandStream]) {
      await nats.jsm.streams.purge(stream);
    }
  });
  afterAll(() => nats[Symbol.asyncDispose]());

  it('inference reads models, writes people and its reports, publishes and reads events, and sends commands', async () => {
    const operator = await open('operator');
    await operator.models.put('m', aModelState(), null);
    const { models, people, replicas, events, commands } = await open('inference');
    const watching = [new Watching(models), new Watching(people), new Watching(replicas)];
    for (const each of watching) await each.until('synced');
    expect(await models.get('m')).toBeDefined();
    const first = await people.put('m', aPeopleProjection(), null);
    expect(await people.put('m', aPeopleProjection(), first ?? null)).toBeDefined();
    await people.delete('m');
    expect(await people.put('m', aPeopleProjection(), null)).toBeDefined();
    expect(await replicas.put('pod.m', aReplicaReport(), null)).toBeDefined();
    await events.publish(anEvent('1'));
    expect(await events.holds({ storageId: anEvent().subject, id: '1' })).toBe(true);
    for await (const { id } of events.subscribe({ storageId: anEvent().subject, afterId: 'none' }, new AbortController().signal)) {
      expect(id).toBe('1');
      break;
    }
    await commands.send(aTrainCommand(1));
    expect(nats.told).not.toContain('NATS refused something');
  });

  it('operator writes models, reads all buckets, publishes events and handles commands', async () => {
    const inference = await open('inference');
    const { models, people, replicas, events, commands } = await open('operator');
    await inference.people.put('m', aPeopleProjection(), null);
    await inference.replicas.put('pod.m', aReplicaReport(), null);
    await inference.commands.send(aTrainCommand(2));
    expect(await models.put('m', aModelState(), null)).toBeDefined();
    expect([await people.get('m'), await replicas.get('pod.m')]).not.toContain(undefined);
    for (const each of [new Watching(models), new Watching(people), new Watching(replicas)]) await each.until('synced');
    await events.publish(anEvent('1'));
    const stop = new AbortController();
    const given: string[] = [];
    const consuming = commands.consume(async ({ id }) => void given.push(id), stop.signal);
    await until(async () => (await nats.jsm.streams.info(commandStream)).state.messages === 0);
    expect(given).toEqual(['train-2']);
    stop.abort();
    await consuming;
    expect(nats.told).not.toContain('NATS refused something');
  });

  it('inference may not write models, nor take commands', async () => {
    const { models, commands } = await open('inference');
    await (await open('operator')).models.put('m', aModelState(), null);
    await expect(models.put('n', aModelState(), null)).rejects.toMatchObject(refused);
    await expect(models.delete('m')).rejects.toMatchObject(refused);
    await expect(commands.consume(() => Promise.resolve(), new AbortController().signal)).rejects.toMatchObject(refused);
    expect(await models.get('m')).toBeDefined();
  });

  it('operator may not write people, nor the reports of replicas, nor send commands', async () => {
    const { people, replicas, commands } = await open('operator');
    await expect(people.put('m', aPeopleProjection(), null)).rejects.toMatchObject(refused);
    await expect(replicas.put('pod.m', aReplicaReport(), null)).rejects.toMatchObject(refused);
    await expect(commands.send(aTrainCommand(1))).rejects.toMatchObject(refused);
  });

  it('trainer tells of its progress, which the operator hears, and may do nothing else', async () => {
    const [trainer, operator] = [await client('trainer'), await client('operator')];
    const heard: string[] = [];
    operator.subscribe('facehash.progress.>', { callback: (_, message) => void heard.push(message.subject) });
    await operator.flush();
    trainer.publish(progressSubject('fm-1', 'run-1'), '{}');
    await until(() => heard.length === 1);
    const messaging = await open('trainer');
    await expect(messaging.models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(messaging.events.publish(anEvent())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(messaging.commands.send(aTrainCommand(1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await nats.jsm.streams.info(commandStream)).state.messages).toBe(0);
  });

  it('trainer needs no more than that to tell of its run, and with credentials of one run tells of no other', async () => {
    expect(permissionsOf('trainer', oneRun)).toEqual({ publish: ['facehash.progress.fm-1.run-1'], subscribe: [] });
    const heard: string[] = [];
    const stop = new AbortController();
    const operator = await open('operator');
    const following = operator.followProgress(({ run }) => void heard.push(run), stop.signal);
    await operator.models.get('connected');
    for (const [user, run] of [
      ['one-run', 'run-2'],
      ['one-run', 'run-1'],
      ['trainer', 'run-2'],
    ] as const)
      await tellOnce(nats.as(user, `${user}-password`), { storageId: 'fm-1', run });
    await until(() => heard.includes('run-2'));
    stop.abort();
    await following;
    expect(heard).toEqual(['run-1', 'run-2']);
  });

  /** With the trainer's own client; what it says within half a second. */
  const tellOnce = async (server: string, whose: { readonly storageId: string; readonly run: string }): Promise<void> => {
    const trainer = openProgressTeller({ servers: [server], name: 'trainer', clock: systemClock, random: systemRandom, logger: nats.log });
    trainer.tell(aProgressMessage(whose));
    await new Promise((resolve) => setTimeout(resolve, 500));
    await trainer.close();
  };

  it.each<readonly [NatsRole, string]>([
    ...roles.flatMap((role): (readonly [NatsRole, string])[] => [
      [role, `$JS.API.STREAM.DELETE.${streamOf('models')}`],
      [role, `$JS.API.STREAM.PURGE.${streamOf('people')}`],
      [role, `$JS.API.STREAM.MSG.DELETE.${eventStream}`],
      [role, `$JS.API.STREAM.CREATE.OTHER`],
      [role, `$JS.API.DIRECT.GET.${streamOf('people')}.${keySubject('people', 'm')}`],
      [role, `$JS.API.CONSUMER.DELETE.${commandStream}.controller`],
      [role, 'facehash.elsewhere'],
    ]),
    ['inference', `$JS.API.STREAM.UPDATE.${streamOf('models')}`],
    ['inference', `$JS.API.CONSUMER.CREATE.${commandStream}.mine`],
    ['inference', `$JS.API.CONSUMER.MSG.NEXT.${commandStream}.controller`],
    ['inference', progressSubject('fm-1', 'run-1')],
    ['operator', keySubject('people', 'm')],
    ['trainer', keySubject('models', 'm')],
    ['trainer', keySubject('people', 'm')],
    ['trainer', `facehash.progress.fm-1`],
    ['trainer', `facehash.progress.fm-1.run-1.more`],
  ])('%s may not publish to %s', async (role, subject) => {
    const nc = await client(role);
    nc.publish(subject, '{}');
    expect(await refusalOf(nc)).toContain(`Publish to "${subject}"`);
  });

  it.each([
    ['inference', '_INBOX.>'],
    ['inference', `${inboxPrefixOf('operator')}.>`],
    ['inference', keySubject('people', '>')],
    ['inference', 'facehash.progress.>'],
    ['operator', `${inboxPrefixOf('inference')}.>`],
    ['trainer', '>'],
    ['trainer', `${inboxPrefixOf('inference')}.>`],
  ] as const)('%s may not subscribe to %s', async (role, subject) => {
    const nc = await client(role);
    nc.subscribe(subject, { callback: () => undefined });
    expect(await refusalOf(nc)).toContain(`Subscription to "${subject}"`);
  });

  /** Permissions are about where a request goes, and not about where its asker wants the answer. */
  describe('inference that has the answers of its requests sent to a model', () => {
    const model = keySubject('models', 'm');
    const people = streamOf('people');

    it('forges no state: what a reader is given goes to no stream', async () => {
      await (await open('inference')).people.put('forged', aPeopleProjection(), null);
      const nc = await client('inference');
      for (const [name, delivery] of [['pulling', {}] as const, ['pushed', { deliver_subject: model }] as const]) {
        const config = { name, ack_policy: 'none', filter_subject: keySubject('people', '>'), ...delivery };
        const create = `$JS.API.CONSUMER.CREATE.${people}.${name}.${keySubject('people', '>')}`;
        const made = await nc.request(create, JSON.stringify({ stream_name: people, config }));
        expect(made.json()).toMatchObject({ num_pending: 1 });
      }
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${people}.pulling`, '1', { reply: model });
      await nc.flush();
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await nats.jsm.streams.getMessage(streamOf('models'), { last_by_subj: model })).toBeNull();
    });

    it('can spoil it, which nobody takes for a state and the operator sets right', async () => {
      const operator = await open('operator');
      const watching = new Watching((await open('inference')).models);
      await operator.models.put('m', aModelState(), null);
      await watching.until('put m');
      const nc = await client('inference');
      nc.publish(`$JS.API.STREAM.MSG.GET.${people}`, JSON.stringify({ last_by_subj: 'none' }), { reply: model });
      await until(async () => (await operator.models.get('m')) === undefined);
      expect(watching.seen).toEqual(['synced', 'put m']);
      expect(await operator.models.put('m', aModelState({ phase: 'Ready' }), null)).toBeDefined();
      await until(() => watching.last('m')?.phase === 'Ready');
    });
  });
});

/** What the server said last that it refuses. */
async function refusalOf(nc: NatsConnection): Promise<string> {
  const refusals = nc.status()[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await refusals.next();
    if (done === true) return 'it refused nothing';
    if (value.type === 'error') return value.error.message;
  }
}
