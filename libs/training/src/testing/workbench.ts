import {
  decodeDocument,
  encodeDocument,
  layout,
  manifestSchema,
  runReportSchema,
  samplesDigest,
  versionName,
  type LandmarksStage,
  type RunOutcome,
  type RunProgress,
  type RunReport,
  type RunSpec,
  type Snapshot,
  type VersionManifest,
} from '@facehash/artifacts';
import { builtInConstants } from '@facehash/classifier-core';
import { InMemoryModelBackend, someHyperparameters } from '@facehash/classifier-core/testing';
import { sha256Hex, systemClock, type Clock } from '@facehash/kernel';
import { RecordingLogger } from '@facehash/kernel/testing';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { builtIn, PIPELINE_ID, type Landmarks } from '@facehash/vision-core';
import { aDescriptor, aDescriptorNear, aFace, anAnalysis, FakeFaceAnalyser } from '@facehash/vision-core/testing';
import { train } from '../train.js';
import type { TrainedPipeline } from '../types.js';

export const storageId = 'model-1';

/** A model in the store: each person with photos near a descriptor of its own, landmarks stored as enrolment does. */
export class Workbench {
  readonly objects = new InMemoryObjectStore();
  readonly analyser = new FakeFaceAnalyser();
  pipeline: TrainedPipeline = { ...builtIn, constants: builtInConstants };
  readonly backend = new InMemoryModelBackend();
  readonly logger = new RecordingLogger();
  readonly progress: RunProgress[] = [];
  readonly clock: Clock = { now: () => new Date('2026-01-01T00:00:00Z'), sleep: (ms, signal) => systemClock.sleep(ms, signal) };
  readonly #people = new Map<string, string[]>();
  #counter = 0;

  /** Enrols a photo of the person whose face is `face` and gives its digest. */
  async enrol(personId: string, face: number, photo: number): Promise<string> {
    const bytes = new TextEncoder().encode(`face ${face}, photo ${photo}`);
    const sha256 = sha256Hex(bytes);
    const box = { x: photo, y: face, width: 100 + photo, height: 100 };
    const shown = aFace({ box, descriptor: aDescriptorNear(aDescriptor(face), 0.1, 1000 * face + photo) });
    this.analyser.shows(bytes, anAnalysis({ faces: [shown] }));
    const stage: LandmarksStage = {
      v: 1,
      pipeline: PIPELINE_ID,
      sha256,
      width: 250,
      height: 250,
      box,
      landmarks: pairs(shown.landmarks),
      quality: shown.quality,
    };
    await this.objects.create(layout.photo(storageId, personId, sha256), bytes);
    await this.objects.create(layout.landmarks(storageId, PIPELINE_ID, sha256), encodeDocument(stage));
    this.#people.set(personId, [...(this.#people.get(personId) ?? []), sha256]);
    return sha256;
  }

  async enrolAll(people: number, photos: number): Promise<void> {
    for (let p = 0; p < people; p++) for (let i = 0; i < photos; i++) await this.enrol(`per_${p}`, p + 1, i);
  }

  async snapshot(): Promise<Snapshot> {
    const people = [...this.#people].sort().map(([id, photos]) => ({ id, photos: [...photos].sort() }));
    const snapshot: Snapshot = { v: 1, storageId, counter: ++this.#counter, people };
    await this.objects.create(layout.samples(storageId, snapshot.counter), encodeDocument(snapshot));
    return snapshot;
  }

  async run(overrides: Partial<RunSpec> = {}): Promise<RunSpec> {
    const snapshot = await this.snapshot();
    const { quarantined = [] } = overrides;
    const inputs = {
      samplesDigest: samplesDigest(snapshot),
      hyperparameters: someHyperparameters,
      pipeline: this.pipeline.id,
      quarantined,
    };
    return {
      v: 1,
      run: `run-${snapshot.counter}`,
      storageId,
      snapshot: snapshot.counter,
      version: versionName({
        ...inputs,
        hyperparameters: { ...inputs.hyperparameters, hiddenUnits: [...inputs.hyperparameters.hiddenUnits] },
      }),
      pipeline: this.pipeline.id,
      hyperparameters: { ...someHyperparameters, hiddenUnits: [...someHyperparameters.hiddenUnits] },
      accelerator: null,
      falseAcceptTarget: 0.01,
      quarantined,
      gateMode: 'Enforce',
      activeVersion: null,
      deadlineSeconds: 60,
      ...overrides,
    };
  }

  train(run: RunSpec, signal: AbortSignal = new AbortController().signal): Promise<RunOutcome> {
    return train(run, this, { signal, onProgress: (p) => this.progress.push(p), photosAtOnce: 3 });
  }

  async manifest(version: string): Promise<VersionManifest> {
    return decodeDocument(manifestSchema, await this.bytes(layout.manifest(storageId, version)), 'manifest');
  }

  async part(manifest: VersionManifest, name: string): Promise<Uint8Array> {
    return this.bytes(layout.part(storageId, manifest.parts.find((p) => p.name === name)?.sha256 ?? ''));
  }

  async report(run: RunSpec): Promise<RunReport> {
    return decodeDocument(runReportSchema, await this.bytes(layout.runReport(storageId, run.run)), 'report');
  }

  async bytes(key: string): Promise<Uint8Array> {
    const object = await this.objects.read(key);
    if (!object) throw new Error(`nothing at ${key}`);
    return object.bytes;
  }

  async overwrite(key: string, text: string): Promise<void> {
    await this.objects.remove(key);
    await this.objects.create(key, new TextEncoder().encode(text));
  }

  describes(): number {
    return this.analyser.calls.filter((call) => call.method === 'describe').length;
  }
}

const pairs = (landmarks: Landmarks) => landmarks.map(([x, y]): [number, number] => [x, y]);
export const featuresKey = (sha256: string) => layout.features(storageId, PIPELINE_ID, sha256);
export const landmarksKey = (sha256: string) => layout.landmarks(storageId, PIPELINE_ID, sha256);
