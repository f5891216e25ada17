import { encodeDocument, layout, type VersionManifest } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { centroidsOf, type KeyModel, type ModelBackend, type TrainingSample } from '@facehash/classifier-core';
import { InMemoryModelBackend, someHyperparameters } from '@facehash/classifier-core/testing';
import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { FaceHashError, seededRandom, sha256Hex, silentLogger, systemClock } from '@facehash/kernel';
import type { ModelState, ReplicaReport } from '@facehash/messaging-core';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { RATIO_NAMES } from '@facehash/vision-core';
import { aDescriptor, aDescriptorNear, aFace, anAnalysis, FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { openModelDirectory } from './model-directory.js';
import { openModelHolder, type ModelHolder } from './model-holder.js';
import { openPeopleNames } from './people-names.js';
import { createRecogniser } from './recogniser.js';

const clock = systemClock;
const random = seededRandom(1);
const key = newApiKey(seededRandom(5));
const options = { faces: 'largest' as const, maxFaces: 16, minFaceFraction: 0.3, candidates: 5 };
const image = new TextEncoder().encode('an image');

/** Counts what is open: a model that nobody closes is a leak. */
class CountingBackend implements ModelBackend {
  readonly name = 'counting';
  open = 0;
  opened = 0;
  readonly #backend = new InMemoryModelBackend();

  fit: ModelBackend['fit'] = (samples, fitOptions, signal) => this.#backend.fit(samples, fitOptions, signal);

  load: ModelBackend['load'] = async (parts, people) => {
    const model = await this.#backend.load(parts, people);
    this.open++;
    this.opened++;
    let closed = false;
    const close = (): void => {
      if (closed) throw new Error('closed twice');
      closed = true;
      this.open--;
      model.close();
    };
    const predict: KeyModel['predict'] = (descriptor, ratios) => {
      if (closed) throw new Error('a closed model was asked');
      return model.predict(descriptor, ratios);
    };
    return { people: model.people, sizeBytes: model.sizeBytes, predict, close };
  };
}

/** One replica over an object store in memory, with a test in the controller's place. */
class Replica implements AsyncDisposable {
  readonly objects = new InMemoryObjectStore();
  readonly messaging = openLocalMessaging({ clock });
  readonly backend = new CountingBackend();
  readonly analyser = new FakeFaceAnalyser();
  readonly directory = openModelDirectory(this.messaging.models, { clock, random, logger: silentLogger });
  readonly names = openPeopleNames(this.messaging.people, { clock, random, logger: silentLogger });
  readonly holder: ModelHolder;
  #sequence = 0;

  constructor(cacheBytesMax = 1e9) {
    const { directory, names, objects, backend } = this;
    this.holder = openModelHolder({
      replica: 'one',
      directory,
      names,
      replicas: this.messaging.replicas,
      objects,
      backend,
      cacheBytesMax,
      clock,
      random,
      logger: silentLogger,
    });
  }

  /** Publishes a state, as the controller does. */
  async publish(state: Partial<ModelState>): Promise<void> {
    const full = aModelState({ apiKeyHashes: [apiKeyHash(key)], fence: { term: 1, sequence: ++this.#sequence }, ...state });
    const before = await this.messaging.models.get(full.storageId);
    await this.messaging.models.put(full.storageId, full, before?.revision ?? null);
    await this.directory
      .until(full.storageId, (s) => s.fence.sequence >= full.fence.sequence, AbortSignal.timeout(2000))
      .catch(() => undefined);
  }

  async name(people: Readonly<Record<string, string>>, tombstones: Readonly<Record<string, string>> = {}): Promise<void> {
    const { storageId } = aModelState();
    const before = await this.messaging.people.get(storageId);
    const revision = (before?.value.revision ?? 0) + 1;
    await this.messaging.people.put(storageId, { v: 1, storageId, revision, names: people, tombstones }, before?.revision ?? null);
    await eventually(() => this.names.revision(storageId) === revision);
  }

  /** Stores a version trained on one descriptor per person. */
  async version(
    name: string,
    people: Readonly<Record<string, Float32Array>>,
    storageId = aModelState().storageId,
  ): Promise<VersionManifest> {
    const samples: TrainingSample[] = Object.entries(people).map(([personId, descriptor]) => ({
      personId,
      photo: sha256Hex(personId),
      descriptor,
      ratios: new Float32Array(RATIO_NAMES.length),
    }));
    const parts = await this.backend.fit(samples, { hyperparameters: { ...someHyperparameters, epochs: 0 } });
    const ids = centroidsOf(samples).map((c) => c.personId);
    const decision = encodeDocument({ v: 1, rule: 'capped-margin', people: ids.map((id) => ({ id, photos: 1 })), genuineScores: [] });
    const files = { 'model.json': parts.modelJson, 'weights.bin': parts.weights, 'decision.json': decision };
    for (const bytes of Object.values(files)) await this.objects.create(layout.part(storageId, sha256Hex(bytes)), bytes);
    const manifest = aManifestOfVersion({
      version: name,
      storageId,
      people: ids,
      parts: Object.entries(files).map(([part, bytes]) => ({ name: part, sha256: sha256Hex(bytes), sizeBytes: bytes.length })),
    });
    await this.objects.create(layout.manifest(storageId, name), encodeDocument(manifest));
    return manifest;
  }

  async report(accept: (report: ReplicaReport) => boolean): Promise<ReplicaReport> {
    let found: ReplicaReport | undefined;
    await eventually(async () => {
      found = (await this.messaging.replicas.get(`one.${aModelState().storageId}`))?.value;
      return found !== undefined && accept(found);
    });
    if (!found) throw new Error('no report');
    return found;
  }

  async ask(descriptor: Float32Array) {
    this.analyser.otherwise = anAnalysis({ faces: [aFace({ descriptor })] });
    const model = this.directory.byApiKey(key);
    if (!model) throw new Error('the key is not known');
    return createRecogniser(this).recognise(model, image, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.holder.close();
    await this.names.close();
    await this.directory.close();
    await this.messaging.close();
    expect(this.backend.open).toBe(0);
  }
}

const ann = aDescriptor(1);
const ben = aDescriptor(2);

describe('the directory', () => {
  it('knows nothing before the first complete watch, and then every key', async () => {
    await using replica = new Replica();
    await replica.publish({});
    await replica.directory.untilSynced();
    expect(replica.directory.synced).toBe(true);
    expect(replica.directory.byApiKey(key)?.name).toBe('front-door');
    expect(replica.directory.byApiKey(newApiKey(seededRandom(9)))).toBeUndefined();
    expect(replica.directory.byApiKey('nonsense')).toBeUndefined();
  });

  it('ignores a controller that was deposed', async () => {
    await using replica = new Replica();
    await replica.publish({ fence: { term: 3, sequence: 10 }, phase: 'Ready' });
    await replica.publish({ fence: { term: 2, sequence: 99 }, phase: 'Empty' });
    await systemClock.sleep(20);
    expect(replica.directory.byApiKey(key)?.phase).toBe('Ready');
  });

  it('forgets a model by its tombstone only, and a key that was rotated out', async () => {
    await using replica = new Replica();
    await replica.publish({});
    await replica.publish({ apiKeyHashes: [] });
    expect(replica.directory.byApiKey(key)).toBeUndefined();
    await replica.publish({ tombstone: true });
    await eventually(() => replica.directory.byStorageId(aModelState().storageId) === undefined);
  });
});

describe('recognition', () => {
  it('says MODEL_NOT_READY at once where nothing was ever trained, and does not look at the image', async () => {
    await using replica = new Replica();
    await replica.publish({});
    await expect(replica.ask(ann)).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    expect(replica.analyser.calls).toEqual([]);
  });

  it('loads a cold model once for many who ask at once, names who is near and leaves strangers unnamed', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann, per_ben: ben });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben' });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    const answers = await Promise.all(Array.from({ length: 10 }, () => replica.ask(aDescriptorNear(ann, 0.1))));
    for (const answer of answers)
      expect(answer).toMatchObject({ kind: 'recognised', version: 'v-1', faces: [{ person: { id: 'per_ann', name: 'Ann' } }] });
    expect(replica.backend.opened).toBe(1);
    const stranger = await replica.ask(aDescriptor(77));
    expect(stranger).toMatchObject({ faces: [{ person: null, candidates: [{ name: expect.any(String) }, {}] }] });
  });

  it('takes a changed false accept target for the very next answer', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    await replica.name({ per_ann: 'Ann' });
    const active = aVersionSummary({ name: 'v-1' });
    const probe = aDescriptorNear(ann, 0.4, 3);
    await replica.publish({ active, recognition: { falseAcceptTarget: 0.1, maxFaces: 16 } });
    expect(await replica.ask(probe)).toMatchObject({ faces: [{ person: { name: 'Ann' } }] });
    await replica.publish({ active, recognition: { falseAcceptTarget: 0.00001, maxFaces: 16 } });
    expect(await replica.ask(probe)).toMatchObject({ faces: [{ person: null }] });
    expect(replica.backend.opened).toBe(1);
  });

  it('masks who was erased as unknown, and never names the runner-up', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann, per_twin: aDescriptorNear(ann, 0.05) });
    await replica.name({ per_ann: 'Ann', per_twin: 'Twin' }, { per_ann: '2026-01-01T00:00:00Z' });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }), recognition: { falseAcceptTarget: 0.5, maxFaces: 16 } });
    const answer = await replica.ask(ann);
    expect(answer).toMatchObject({ faces: [{ person: null }] });
    expect(JSON.stringify(answer)).not.toContain('Ann');
  });

  it('answers with a new name at once', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    await replica.publish({ active: aVersionSummary({ name: 'v-1' }) });
    await replica.name({ per_ann: 'Ann' });
    await replica.name({ per_ann: 'Anne' });
    expect(await replica.ask(ann)).toMatchObject({ faces: [{ person: { name: 'Anne' } }] });
  });
});

describe('a new version', () => {
  const v1 = aVersionSummary({ name: 'v-1' });
  const v2 = aVersionSummary({ name: 'v-2', snapshot: 2 });

  it('is taken over by the replicas that are named, reported, and answers every later request; the old one is closed when drained', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann, per_ben: ben });
    await replica.name({ per_ann: 'Ann', per_ben: 'Ben' });
    await replica.publish({ active: v1 });
    let open: () => void = () => undefined;
    replica.analyser.gate = new Promise((resolve) => (open = resolve));
    const slow = replica.ask(ann);
    await eventually(() => replica.analyser.calls.length === 1);
    await replica.publish({ active: v1, target: v2, targetReplicas: ['one'] });
    await replica.report((r) => r.answering === 'v-2');
    expect(replica.backend.open).toBe(2);
    open();
    expect(await slow).toMatchObject({ version: 'v-1' });
    expect(replica.backend.open).toBe(1);
    expect(await replica.ask(ben)).toMatchObject({ version: 'v-2', faces: [{ person: { name: 'Ben' } }] });
  });

  it('is left alone by a replica that is not named, which says that it is there', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann });
    await replica.publish({ active: v1, target: v2, targetReplicas: ['another'] });
    await replica.report((r) => r.ready && r.answering === null);
    expect(await replica.ask(ann)).toMatchObject({ version: 'v-1' });
  });

  it('that is withdrawn gives way to the active one', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    await replica.version('v-2', { per_ann: ann });
    await replica.publish({ active: v1, target: v2, targetReplicas: null });
    await replica.report((r) => r.answering === 'v-2');
    await replica.publish({ active: v1 });
    await replica.report((r) => r.answering === 'v-1');
  });

  it('that is damaged is reported as such, once, and the old one answers on', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    const { parts, storageId } = await replica.version('v-2', { per_ann: ann, per_ben: ben });
    const weights = layout.part(storageId, parts.find((p) => p.name === 'weights.bin')?.sha256 ?? '');
    await replica.objects.remove(weights);
    await replica.objects.create(weights, new Uint8Array([1, 2, 3]));
    await replica.publish({ active: v1 });
    await replica.ask(ann);
    await replica.publish({ active: v1, target: v2, targetReplicas: null });
    const { failed, answering } = await replica.report((r) => r.failed !== null);
    expect(failed).toMatchObject({ version: 'v-2', kind: 'artifact', code: 'ARTIFACT_CORRUPT' });
    expect(answering).toBe('v-1');
  });

  it('is tried again while the store is away', async () => {
    await using replica = new Replica();
    await replica.version('v-1', { per_ann: ann });
    replica.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await replica.publish({ active: null, target: v1, targetReplicas: null });
    await replica.report((r) => r.failed?.kind === 'transient' || r.answering === 'v-1');
    await replica.report((r) => r.answering === 'v-1' && r.failed === null);
  });
});

describe('the cache', () => {
  it('lets the least recently asked go when it is full, and loads it again when it is asked', async () => {
    await using probe = new Replica();
    await probe.version('v-1', { per_ann: ann });
    await probe.publish({ active: aVersionSummary({ name: 'v-1' }) });
    const lease = await probe.holder.acquire(aModelState().storageId);
    const { sizeBytes } = lease.version.model;
    lease.release();

    await using replica = new Replica(sizeBytes * 2);
    const ids = ['fm-a-test', 'fm-b-test', 'fm-c-test'];
    for (const storageId of ids) {
      await replica.version('v-1', { per_ann: ann }, storageId);
      await replica.publish({ storageId, apiKeyHashes: [], active: aVersionSummary({ name: 'v-1' }) });
    }
    for (const storageId of [...ids, 'fm-a-test']) (await replica.holder.acquire(storageId)).release();
    expect(replica.backend.open).toBe(2);
    expect(replica.backend.opened).toBe(4);
  });
});

async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await condition()) return;
    await systemClock.sleep(10);
  }
  throw new Error('it did not come true within 4 s');
}
