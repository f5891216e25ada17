import { encodeDocument, layout, type VersionManifest } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { centroidsOf, type KeyModel, type ModelBackend, type TrainingSample } from '@facehash/classifier-core';
import { InMemoryModelBackend, someHyperparameters } from '@facehash/classifier-core/testing';
import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { FaceHashError, seededRandom, sha256Hex, systemClock, type Clock } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import type { Messaging, ModelState, ReplicaReport } from '@facehash/messaging-core';
import { aModelState } from '@facehash/messaging-core/testing';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { eventually } from '@facehash/testing';
import { builtIn, RATIO_NAMES, type Pipeline } from '@facehash/vision-core';
import { aFace, anAnalysis, FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { openModelDirectory, type WatchedDirectory } from '../model-directory.js';
import { openModelHolder, type ModelHolder } from '../model-holder.js';
import { openPeopleNames, type PeopleNames } from '../people-names.js';
import { createRecogniser } from '../recogniser.js';
import type { Recognition } from '../types.js';

const key = newApiKey(seededRandom(5));
const SEEN_AFTER = 'fm-seen-after';
const random = seededRandom(1);
const options = { faces: 'largest' as const, maxFaces: 16, minFaceFraction: 0.3, candidates: 5 };
const image = new TextEncoder().encode('an image');

/** Holds up whoever passes while it is shut, and counts who stands before it. */
class Gate {
  standing = 0;
  #passing: Promise<void> = Promise.resolve();

  /** Returns what opens it again. */
  shut(): () => void {
    let open: () => void = () => undefined;
    this.#passing = new Promise((resolve) => (open = resolve));
    return open;
  }

  async pass(): Promise<void> {
    this.standing++;
    await this.#passing;
    this.standing--;
  }
}

/** A store that does not give out what a test takes away. */
class FlakyStore extends InMemoryObjectStore {
  away: (key: string) => boolean = () => false;

  override async read(...[at, signal]: Parameters<InMemoryObjectStore['read']>): ReturnType<InMemoryObjectStore['read']> {
    if (this.away(at)) throw new FaceHashError('STORE_UNAVAILABLE', { key: at });
    return super.read(at, signal);
  }
}

/** Counts what is open: a model that nobody closes is a leak. */
class CountingBackend implements ModelBackend {
  readonly name = 'counting';
  open = 0;
  opened = 0;
  /** No signal gets past it: a backend that loads cannot be interrupted. */
  readonly gate = new Gate();
  readonly #backend = new InMemoryModelBackend();

  fit: ModelBackend['fit'] = (samples, fitOptions, signal) => this.#backend.fit(samples, fitOptions, signal);

  load: ModelBackend['load'] = async (parts, shape) => {
    await this.gate.pass();
    const model = await this.#backend.load(parts, shape);
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

interface ReplicaOptions {
  readonly cacheBytesMax?: number;
  readonly clock?: Clock;
  readonly pipelines?: readonly Pipeline[];
  /** Storage id of the one model that it is there for. */
  readonly only?: string;
}

/** One replica over an object store in memory, with a test in the controller's place. */
export class Replica implements AsyncDisposable {
  readonly objects = new FlakyStore();
  readonly backend = new CountingBackend();
  readonly analyser = new FakeFaceAnalyser();
  readonly logger = new RecordingLogger();
  readonly directory: WatchedDirectory;
  readonly names: PeopleNames;
  readonly holder: ModelHolder;
  #sequence = 0;

  constructor(
    readonly messaging: Messaging,
    { cacheBytesMax = 1e9, clock = systemClock, pipelines = [builtIn], only }: ReplicaOptions = {},
  ) {
    const context = { clock, random, logger: this.logger };
    this.directory = openModelDirectory(messaging.models, context);
    this.names = openPeopleNames(messaging.people, context);
    const { directory, names, objects, backend } = this;
    this.holder = openModelHolder({
      replica: 'one',
      only,
      rollout: 'started-for-1',
      directory,
      names,
      replicas: messaging.replicas,
      objects,
      backend,
      pipelines,
      cacheBytesMax,
      ready: () => true,
      ...context,
    });
  }

  /** Publishes a state, as the controller does, and waits until the replica has it. */
  async publish(state: Partial<ModelState>): Promise<void> {
    const fence = { term: 1, sequence: ++this.#sequence };
    await this.#put(aModelState({ apiKeyHashes: [apiKeyHash(key)], fence, ...state }));
    // A model that nobody asks for tells that what was published before it has been read.
    await this.#put(aModelState({ storageId: SEEN_AFTER, fence }));
    await this.directory.until(SEEN_AFTER, (s) => s.fence.sequence === fence.sequence, new AbortController().signal);
  }

  async #put(state: ModelState): Promise<void> {
    const before = await this.messaging.models.get(state.storageId);
    await this.messaging.models.put(state.storageId, state, before?.revision ?? null);
  }

  async name(people: Readonly<Record<string, string>>, tombstones: Readonly<Record<string, string>> = {}): Promise<void> {
    const { storageId } = aModelState();
    const before = await this.messaging.people.get(storageId);
    const revision = (before?.value.revision ?? 0) + 1;
    const projection = { v: 1 as const, storageId, revision, names: people, tombstones };
    const written = await this.messaging.people.put(storageId, projection, before?.revision ?? null);
    await eventually(() => this.names.seen === written);
  }

  /** Stores a version trained on one descriptor per person. */
  async version(
    name: string,
    people: Readonly<Record<string, Float32Array>>,
    { storageId = aModelState().storageId, pipeline = builtIn.id }: { readonly storageId?: string; readonly pipeline?: string } = {},
  ): Promise<VersionManifest> {
    const samples: TrainingSample[] = Object.entries(people).map(([personId, descriptor]) => ({
      personId,
      photo: sha256Hex(personId),
      descriptor,
      ratios: new Float32Array(RATIO_NAMES.length),
    }));
    const parts = await this.backend.fit(samples, { hyperparameters: { ...someHyperparameters, epochs: 0 } });
    const ids = centroidsOf(samples).map((c) => c.personId);
    const decision = encodeDocument({
      v: 1,
      rule: 'capped-margin',
      people: ids.map((id) => ({ id, photos: 1 })),
      strangers: { photos: 0, lowest: [] },
    });
    const files = { 'model.json': parts.modelJson, 'weights.bin': parts.weights, 'decision.json': decision };
    for (const bytes of Object.values(files)) await this.objects.create(layout.part(storageId, sha256Hex(bytes)), bytes);
    const manifest = aManifestOfVersion({
      version: name,
      storageId,
      pipeline,
      people: ids,
      parts: Object.entries(files).map(([part, bytes]) => ({ name: part, sha256: sha256Hex(bytes), sizeBytes: bytes.length })),
    });
    await this.objects.create(layout.manifest(storageId, name), encodeDocument(manifest));
    return manifest;
  }

  /** The first report that is accepted. */
  async report(accept: (report: ReplicaReport) => boolean, storageId = aModelState().storageId): Promise<ReplicaReport> {
    return eventually(async () => {
      const found = (await this.messaging.replicas.get(`one.${storageId}`))?.value;
      return found !== undefined && accept(found) && found;
    });
  }

  async ask(descriptor: Float32Array, signal?: AbortSignal): Promise<Recognition> {
    this.analyser.otherwise = anAnalysis({ faces: [aFace({ descriptor })] });
    const model = this.directory.byApiKey(key);
    if (!model) throw new Error('the key is not known');
    return createRecogniser(this).recognise(model, image, options, signal);
  }

  /** Every version that has answered here, in the order of the swaps. */
  get answered(): readonly unknown[] {
    return this.logger.lines.filter((line) => line.message === 'version answers here').map((line) => line.fields['version']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.holder.close();
    await this.names.close();
    await this.directory.close();
    await this.messaging.close();
    if (this.backend.open !== 0) throw new Error(`${this.backend.open} models were not closed`);
  }
}
