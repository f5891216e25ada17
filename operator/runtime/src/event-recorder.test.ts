import { systemRandom } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { untilItPasses } from '@facehash/testing';
import { EventRecorder, type EventNote, type EventRecorderOptions } from './event-recorder.js';
import { KubeClient } from './kube-client.js';
import { events } from './resource.js';
import { systemRuntimeClock } from './runtime-clock.js';
import { httpFront } from './testing/http-front.js';
import { authorityOf, configMaps, kubeConfigAt, whyNotHere } from './testing/real-api.js';

const server = await startApiServer().catch(whyNotHere);

afterAll(async () => {
  if (typeof server !== 'string') await server.stop();
});

describe('events', () => {
  if (typeof server === 'string') it.skip(`have no API server here: ${server}`, () => undefined);
  else recorded(server);
});

const about = (name: string, overrides: Partial<EventNote> = {}): EventNote => ({
  resource: configMaps,
  regarding: { name, namespace: 'default', uid: `uid-of-${name}` },
  type: 'Normal',
  reason: 'Trained',
  action: 'Train',
  note: 'a version was trained',
  ...overrides,
});

/** A recorder that writes, until the test ends. */
class Recording implements AsyncDisposable {
  readonly logger = new RecordingLogger();
  readonly recorder: EventRecorder;
  readonly #client: KubeClient;
  readonly #direct: KubeClient;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(api: ApiServer, { port, ...options }: Partial<EventRecorderOptions> & { port?: number } = {}) {
    this.#direct = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig), fieldManager: 'test' });
    const at = port === undefined ? {} : { port, protocol: 'http' };
    this.#client = new KubeClient({ kubeConfig: kubeConfigAt(api.kubeconfig, at), fieldManager: 'test' });
    this.recorder = new EventRecorder({
      ...{ client: this.#client, controller: 'example.test/operator', instance: 'pod-1', tickMs: 20, repeatMs: 100 },
      ...{ clock: systemRuntimeClock, random: systemRandom, logger: this.logger, ...options },
    });
    this.#running = this.recorder.run(this.#stop.signal);
  }

  async written(name: string) {
    const { items } = await this.#direct.list(events, { namespace: 'default' });
    return items.filter((event) => Reflect.get(Object(event['regarding']), 'name') === name);
  }

  async forget(name: string): Promise<void> {
    for (const { metadata } of await this.written(name)) await this.#direct.delete(events, { name: metadata.name, namespace: 'default' });
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stop'));
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#client.close();
    await this.#direct.close();
  }
}

function recorded(api: ApiServer): void {
  it('are written once, and counted when they happen again', async () => {
    await using recording = new Recording(api);
    recording.recorder.record(about('counted'));
    await untilItPasses(async () => expect(await recording.written('counted')).toHaveLength(1));
    for (let i = 0; i < 4; i++) recording.recorder.record(about('counted'));
    await untilItPasses(async () => expect(await recording.written('counted')).toMatchObject([{ series: { count: 5 } }]));
    expect(await recording.written('counted')).toMatchObject([
      { reason: 'Trained', action: 'Train', type: 'Normal', note: 'a version was trained', reportingController: 'example.test/operator' },
    ]);
  });

  it('are written before it ends, and say how often they had happened by then', async () => {
    await using recording = new Recording(api, { tickMs: 60_000 });
    for (let i = 0; i < 3; i++) recording.recorder.record(about('last', { type: 'Warning' }));
    await recording.stop();
    expect(await recording.written('last')).toMatchObject([{ type: 'Warning', series: { count: 3 } }]);
  });

  it('that the server has forgotten are written anew', async () => {
    await using recording = new Recording(api);
    recording.recorder.record(about('forgotten'));
    await untilItPasses(async () => expect(await recording.written('forgotten')).toHaveLength(1));
    await recording.forget('forgotten');
    recording.recorder.record(about('forgotten'));
    await untilItPasses(async () => expect(await recording.written('forgotten')).toMatchObject([{ series: { count: 2 } }]));
  });

  it('of one object that are too many are dropped, and those of others are not', async () => {
    await using recording = new Recording(api);
    for (let i = 0; i < 40; i++) recording.recorder.record(about('noisy', { note: `number ${i}` }));
    recording.recorder.record(about('quiet'));
    expect(recording.recorder.dropped).toBe(15);
    await untilItPasses(async () => expect(await recording.written('noisy')).toHaveLength(25));
    await untilItPasses(async () => expect(await recording.written('quiet')).toHaveLength(1));
  });

  it('that cannot be written are dropped with a line in the log, and whoever recorded them notices nothing', async () => {
    await using front = await httpFront({ url: api.url, ca: authorityOf(api.kubeconfig) });
    front.answerNext(1, { status: 500 });
    await using recording = new Recording(api, { port: front.port });
    recording.recorder.record(about('dropped'));
    await untilItPasses(() => expect(recording.logger.lines).toMatchObject([{ level: 'warn', message: 'an event could not be written' }]));
    recording.recorder.record(about('dropped'));
    await untilItPasses(async () => expect(await recording.written('dropped')).toHaveLength(1));
  });
}
