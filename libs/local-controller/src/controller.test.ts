import { activePointerSchema, decodeDocument, encodeDocument, layout, type VersionManifest } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import { aManifest, InMemoryFaceModels } from '@facehash/facemodel/testing';
import { deadline, FaceHashError, seededRandom, sha256Hex, systemClock } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import type { ModelState, ReplicaReport } from '@facehash/messaging-core';
import { aReplicaReport } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { eventually } from '@facehash/testing';
import { openLocalController, type LocalController } from './controller.js';
import { FakeTrainingRunner } from './testing/fake-runner.js';

/** One model on one machine, with the controller running and a replica that does as it is told. */
class Machine implements AsyncDisposable {
  readonly models = new InMemoryFaceModels();
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly runner = new FakeTrainingRunner();
  /** What was swept. */
  readonly erased: string[] = [];
  /** How often a controller here was told that it has a successor. */
  succeeded = 0;
  readonly logger = new RecordingLogger();
  #token = 0;
  #controller: LocalController | undefined;
  #model: StoredFaceModel | undefined;

  async start(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const identity = { uid: 'fm-0001-test', apiKeyHashes: ['00'], now: new Date(0) };
    this.#model ??= (await this.models.apply(aManifest('front-door', spec), identity)).model;
    await this.restart();
  }

  async restart(term = 1): Promise<void> {
    const { models, objects, messaging, runner } = this;
    this.#controller = await openLocalController({
      models,
      objects,
      messaging,
      runner,
      term,
      pipeline: 'p1',
      runsMax: 1,
      clock: systemClock,
      random: seededRandom(1),
      logger: this.logger,
      onSucceeded: () => (this.succeeded += 1),
      changeToken: async () => this.#token,
      erase: async (storageId) => void this.erased.push(storageId),
      lastSweepAfterMs: 50,
    });
  }

  get storageId(): string {
    if (!this.#model) throw new Error('start first');
    return storageIdOf(this.#model);
  }

  /** What enrolment does when photos have come: the snapshot's pointer moves and a command is sent. */
  async snapshot(counter: number, content = `photos ${counter}`): Promise<void> {
    const key = layout.latestSamples(this.storageId);
    const before = await this.objects.read(key);
    await this.objects.replace(
      key,
      encodeDocument({ v: 1, counter, digest: sha256Hex(content), people: 1, photos: 3 }),
      before?.revision ?? null,
    );
    await this.messaging.commands.send({ v: 1, id: `train-${counter}`, kind: 'train', storageId: this.storageId, snapshot: counter });
  }

  /** What the trainer does when it succeeds. */
  async finishRun(): Promise<VersionManifest> {
    const spec = await eventually(() => this.runner.runs().find((r) => !r.outcome)?.spec);
    const manifest = aManifestOfVersion({
      version: spec.version,
      storageId: spec.storageId,
      run: spec.run,
      samples: { digest: sha256Hex('any'), counter: spec.snapshot, people: 1, photos: 3 },
    });
    await this.objects.create(layout.manifest(spec.storageId, spec.version), encodeDocument(manifest));
    this.runner.end(spec.run, { outcome: 'trained', version: spec.version });
    return manifest;
  }

  /** A replica's report, as its own heartbeat sends it. */
  async report(overrides: Partial<ReplicaReport>): Promise<void> {
    const { ready = true, ...told } = overrides;
    await this.say('one', { storageId: null, ready });
    await this.say(`one.${this.storageId}`, { storageId: this.storageId, ready, ...told });
  }

  /** What is said under one key. */
  async say(key: string, told: Partial<ReplicaReport>): Promise<void> {
    const before = await this.messaging.replicas.get(key);
    const report = aReplicaReport({ replica: 'one', storageId: this.storageId, at: new Date().toISOString(), ...told });
    await this.messaging.replicas.put(key, report, before?.revision ?? null);
  }

  /** What the command line does beside the server. */
  async change(work: (models: InMemoryFaceModels) => Promise<unknown>): Promise<void> {
    await work(this.models);
    this.#token++;
  }

  state(accept: (state: ModelState) => boolean): Promise<ModelState> {
    return eventually(async () => {
      const value = (await this.messaging.models.get(this.storageId))?.value;
      return value && accept(value) ? value : undefined;
    });
  }

  async stop(): Promise<void> {
    await this.#controller?.close();
    this.#controller = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.messaging.close();
  }
}

describe('the controller of one machine', () => {
  it('has published every model when it is open, also one without photos', async () => {
    await using machine = new Machine();
    await machine.start();
    expect((await machine.messaging.models.get(machine.storageId))?.value).toMatchObject({ phase: 'Empty', active: null });
  });

  it('takes a snapshot to an active version: run, rollout, promotion', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.report({});
    await machine.snapshot(3);
    const { version } = await machine.finishRun();
    const rolling = await machine.state((s) => s.target !== null);
    expect(rolling).toMatchObject({ phase: 'RollingOut', active: null, target: { name: version }, targetReplicas: ['one'] });
    await machine.report({ answering: version });
    expect(await machine.state((s) => s.active !== null)).toMatchObject({
      phase: 'Ready',
      active: { name: version, snapshot: 3 },
      target: null,
    });
    const stored = await machine.objects.read(layout.active(machine.storageId));
    expect(decodeDocument(activePointerSchema, stored?.bytes ?? new Uint8Array(), 'active')).toMatchObject({ version, snapshot: 3 });
    expect(machine.runner.runs()).toEqual([]);
  });

  it('goes on after a restart from what is stored, without training again', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.snapshot(3);
    const { version } = await machine.finishRun();
    await machine.state((s) => s.target !== null);
    await machine.stop();
    await machine.start();
    await machine.report({ answering: version });
    await machine.state((s) => s.active?.name === version);
    expect(machine.runner.started).toHaveLength(1);
  });

  it('keeps going when a store fails once, and loses nothing', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.report({});
    machine.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await machine.snapshot(1).catch(() => machine.snapshot(1));
    machine.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    const { version } = await machine.finishRun().catch(() => machine.finishRun());
    await machine.report({ answering: version });
    await machine.state((s) => s.active?.name === version);
  });

  it('records an activation in status and state, also after a pass that failed, and takes it back', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.report({});
    await machine.snapshot(1);
    const first = await machine.finishRun();
    await machine.report({ answering: first.version });
    await machine.state((s) => s.active?.name === first.version);
    await machine.snapshot(2);
    const second = await machine.finishRun();
    await machine.report({ answering: second.version });
    await machine.state((s) => s.active?.name === second.version);
    const { storageId } = machine;
    machine.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await machine.messaging.commands.send({ v: 1, id: 'back', kind: 'activate', storageId, version: first.version });
    await machine.state((s) => s.activation?.version === first.version && s.target?.name === first.version);
    await machine.report({ answering: first.version });
    await machine.state((s) => s.active?.name === first.version && s.phase === 'Ready');
    await machine.stop();
    await machine.start();
    expect((await machine.models.find('front-door'))?.status?.activation).toMatchObject({ version: first.version });
    await machine.messaging.commands.send({ v: 1, id: 'release', kind: 'activate', storageId, version: null });
    await machine.state((s) => s.activation === null && s.target?.name === second.version);
    expect(machine.runner.started).toHaveLength(2);
  });

  it('neither decides nor publishes any more once another one has published after it', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.report({});
    const before = await machine.state(() => true);
    const entry = await machine.messaging.models.get(machine.storageId);
    const successors: ModelState = { ...before, fence: { term: 2, sequence: 1 }, displayName: 'by the successor' };
    await machine.messaging.models.put(machine.storageId, successors, entry?.revision ?? null);
    await machine.snapshot(1);
    await systemClock.sleep(700);
    expect(machine.runner.started).toEqual([]);
    expect((await machine.messaging.models.get(machine.storageId))?.value).toEqual(successors);
    // It leaves commands to the other one, and is silent but for the one line that says why.
    expect(machine.succeeded).toBe(1);
    expect(machine.logger.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([
      expect.objectContaining({
        message: expect.stringContaining('another lifecycle has taken') as string,
        fields: { term: 1, successor: 2 },
      }),
    ]);
    await machine.stop();
    await machine.restart(3);
    expect(await machine.state((s) => s.fence.term === 3)).toMatchObject({ displayName: null });
  });

  it('hears of a replica that was never asked for the model, and takes it along', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.say('one', { storageId: null });
    await machine.say('two', { replica: 'two', storageId: null });
    await machine.snapshot(1);
    const { version } = await machine.finishRun();
    expect(await machine.state((s) => s.target !== null)).toMatchObject({ targetReplicas: ['one'] });
    await machine.say(`one.${machine.storageId}`, { answering: version });
    await machine.state((s) => s.targetReplicas === null && s.active === null);
    await machine.say(`two.${machine.storageId}`, { replica: 'two', verifiedCold: version });
    await machine.state((s) => s.active?.name === version);
    expect((await machine.models.find('front-door'))?.status?.replicas).toEqual({ total: 2, updated: 2, failed: 0 });
  });

  it('writes nothing more once a model is settled', async () => {
    await using machine = new Machine();
    await machine.start();
    const before = await machine.messaging.models.get(machine.storageId);
    await machine.messaging.commands.send({ v: 1, id: 'again', kind: 'train', storageId: machine.storageId, snapshot: 1 });
    await systemClock.sleep(700, deadline(5000));
    expect((await machine.messaging.models.get(machine.storageId))?.revision).toBe(before?.revision);
  });

  it('takes another key over without a restart, and drops the old one when its time is over', async () => {
    await using machine = new Machine();
    await machine.start();
    const oldKeyValidUntil = new Date(Date.now() + 1500);
    await machine.change((models) => models.rotateKey('front-door', { hash: '11', oldKeyValidUntil }));
    expect((await machine.state((s) => s.apiKeyHashes.includes('11'))).apiKeyHashes).toEqual(['11', '00']);
    expect((await machine.state((s) => s.apiKeyHashes.length === 1)).apiKeyHashes).toEqual(['11']);
  });

  it('says that a deleted model is gone, cancels its run, sweeps twice and forgets it', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.snapshot(1);
    const { run } = await eventually(() => machine.runner.runs()[0]?.spec);
    await machine.change((models) => models.delete('front-door', new Date()));
    expect(await machine.state((s) => s.tombstone)).toMatchObject({ apiKeyHashes: [], active: null });
    await eventually(async () => (await machine.models.deleted()).length === 0);
    expect(machine.erased).toEqual([machine.storageId, machine.storageId]);
    expect(machine.runner.cancelled).toEqual([run]);
    expect((await machine.messaging.models.get(machine.storageId))?.value.tombstone).toBe(true);
  });

  it('finishes after a restart what was deleted while it was away', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.stop();
    await machine.change((models) => models.delete('front-door', new Date()));
    await machine.restart();
    expect((await machine.messaging.models.get(machine.storageId))?.value.tombstone).toBe(true);
    await eventually(async () => (await machine.models.deleted()).length === 0);
    expect(machine.erased.length).toBeGreaterThan(0);
  });

  it('tells what happened as events, each once', async () => {
    await using machine = new Machine();
    await machine.start();
    await machine.report({});
    await machine.snapshot(2);
    const { version } = await machine.finishRun();
    await machine.report({ answering: version });
    await machine.state((s) => s.active !== null);
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of machine.messaging.events.subscribe(
        { storageId: machine.storageId, afterId: 'from the beginning' },
        stop.signal,
      ))
        seen.push(event.type);
    })();
    await systemClock.sleep(100);
    stop.abort();
    await reading;
    expect(seen).toEqual(['dev.facehash.training.started', 'dev.facehash.rollout.started', 'dev.facehash.version.promoted']);
  });
});
