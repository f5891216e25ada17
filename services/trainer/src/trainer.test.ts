import { join } from 'node:path';
import {
  decodeDocument,
  encodeDocument,
  encodeFeatures,
  exitCodes,
  layout,
  manifestSchema,
  outcomeOf,
  runReportSchema,
  samplesDigest,
  versionName,
  type RunSpec,
  type Snapshot,
} from '@facehash/artifacts';
import { decide, decisionSchema, type TrainingSample } from '@facehash/classifier-core';
import { aGallery, someStrangers } from '@facehash/classifier-core/testing';
import { openTfjsBackend } from '@facehash/classifier-tfjs';
import type { ObjectStore } from '@facehash/object-store-core';
import { sha256Hex } from '@facehash/kernel';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { temporaryFolder } from '@facehash/testing';
import { PIPELINE_ID, RATIO_NAMES } from '@facehash/vision-core';
import { TrainerProcess } from './testing/trainer-process.js';

const storageId = 'model-1';
const aGpu = { resource: 'nvidia.com/gpu', count: 1 };
const gallery = aGallery({ people: 6, photos: 5 });
const ratiosOf = (ratios: Float32Array) => Float32Array.from(RATIO_NAMES, (_, i) => ratios[i % ratios.length] ?? 0);

/** A model whose photos an earlier run has described: what is left to do needs no camera pictures. */
async function enrolled(
  objects: ObjectStore,
  hyperparameters: Partial<RunSpec['hyperparameters']> = {},
  { counter, samples }: { readonly counter: number; readonly samples: readonly TrainingSample[] } = { counter: 1, samples: gallery },
): Promise<RunSpec> {
  for (const { photo, descriptor, ratios } of samples) {
    await objects.create(layout.features(storageId, PIPELINE_ID, photo), encodeFeatures({ descriptor, ratios: ratiosOf(ratios) }));
  }
  const ids = [...new Set(samples.map((s) => s.personId))];
  const people = ids.map((id) => ({
    id,
    photos: samples
      .filter((s) => s.personId === id)
      .map((s) => s.photo)
      .sort(),
  }));
  const snapshot: Snapshot = { v: 1, storageId, counter, people };
  await objects.create(layout.samples(storageId, counter), encodeDocument(snapshot));
  const run = { hiddenUnits: [16], epochs: 5, batchSize: 8, learningRate: 0.001, dropout: 0.2, l2: 0.0001, seed: 1, ...hyperparameters };
  return {
    v: 1,
    run: `run-${counter}`,
    storageId,
    snapshot: counter,
    version: versionName({ samplesDigest: samplesDigest(snapshot), hyperparameters: run, pipeline: PIPELINE_ID, quarantined: [] }),
    pipeline: PIPELINE_ID,
    hyperparameters: run,
    accelerator: null,
    falseAcceptTarget: 0.01,
    quarantined: [],
    gateMode: 'Enforce',
    activeVersion: null,
    deadlineSeconds: 60,
  };
}

async function workplace() {
  const folder = await temporaryFolder();
  const objectsDir = join(folder.path, 'objects');
  const objects = await openFsObjectStore(objectsDir);
  const read = async (key: string) => {
    const object = await objects.read(key);
    if (!object) throw new Error(`nothing at ${key}`);
    return object.bytes;
  };
  const manifestOf = async (run: RunSpec) =>
    decodeDocument(manifestSchema, await read(layout.manifest(storageId, run.version)), 'manifest');
  const start = (run: RunSpec | string, env: Record<string, string> = {}) =>
    new TrainerProcess({ run, objectsDir, messageFile: join(folder.path, 'message'), env });
  /** What its model says of each enrolled photo on WebAssembly: similarities, then probabilities. */
  const answersOf = async (run: RunSpec) => {
    const { parts, people } = await manifestOf(run);
    const part = (name: string) => read(layout.part(storageId, parts.find((p) => p.name === name)?.sha256 ?? ''));
    const backend = await openTfjsBackend('wasm');
    const model = await backend.load(
      { modelJson: await part('model.json'), weights: await part('weights.bin') },
      { people, descriptorLength: 128 },
    );
    const answers = gallery.map((sample) => model.predict(sample.descriptor, ratiosOf(sample.ratios)));
    model.close();
    return answers.flatMap(({ similarities, probabilities }) => [...similarities, ...probabilities]);
  };
  return { objects, read, manifestOf, answersOf, start, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('the trainer', () => {
  it('trains a version that names people and tells strangers, and says so by its exit', async () => {
    await using here = await workplace();
    const run = await enrolled(here.objects);
    await using trainer = here.start(run);
    const end = await trainer.end();
    expect({ end, message: await trainer.message() }).toEqual({
      end: { code: 0, signal: null },
      message: { outcome: 'trained', version: run.version },
    });
    expect(trainer.progress.at(-1)).toEqual({ type: 'progress', stage: 'Publishing', percent: 100 });

    const manifest = await here.manifestOf(run);
    expect(manifest.backend).toBe('wasm');
    const part = (name: string) => here.read(layout.part(storageId, manifest.parts.find((p) => p.name === name)?.sha256 ?? ''));
    const decision = decodeDocument(decisionSchema, await part('decision.json'), 'decision');
    const model = await (
      await openTfjsBackend('cpu')
    ).load({ modelJson: await part('model.json'), weights: await part('weights.bin') }, { people: manifest.people, descriptorLength: 128 });
    const found = (sample: (typeof gallery)[number]) =>
      decide(model.predict(sample.descriptor, ratiosOf(sample.ratios)), decision, 0.01).found?.personId ?? null;
    expect(gallery.map(found)).toEqual(gallery.map((s) => s.personId));
    expect(someStrangers(30, 99).map(found)).toEqual(Array(30).fill(null));
    model.close();
  });

  it('killed at any moment and started again makes the same bytes', async () => {
    await using undisturbed = await workplace();
    const run = await enrolled(undisturbed.objects, { epochs: 40 });
    await using reference = undisturbed.start(run);
    await reference.end();

    for (const stage of ['Starting', 'Fitting'] as const) {
      await using here = await workplace();
      await enrolled(here.objects, { epochs: 40 });
      await using killed = here.start(run);
      await killed.reached(stage);
      killed.kill('SIGKILL');
      const end = await killed.end();
      expect(outcomeOf(end, await killed.message(), run.version)).toMatchObject({ outcome: 'failed', retryable: true });
      await expect(here.manifestOf(run)).rejects.toThrow('nothing at');

      await using again = here.start({ ...run, run: 'run-2' });
      expect((await again.end()).code).toBe(0);
      expect((await here.manifestOf(run)).parts).toEqual((await undisturbed.manifestOf(run)).parts);
    }
  });

  it.each([
    ['is asked to', (trainer: TrainerProcess) => trainer.kill('SIGTERM')],
    ['loses its parent', (trainer: TrainerProcess) => trainer.loseParent()],
  ])('breaks its run off when it %s, and may be run again', async (_, stop) => {
    await using here = await workplace();
    const run = await enrolled(here.objects, { epochs: 1000 });
    await using trainer = here.start(run);
    await trainer.reached('Fitting');
    stop(trainer);
    const end = await trainer.end();
    expect(outcomeOf(end, await trainer.message(), run.version)).toMatchObject({
      outcome: 'failed',
      code: 'SHUTTING_DOWN',
      retryable: true,
    });
  });

  it('ends at its deadline, and may be run again', async () => {
    await using here = await workplace();
    await using trainer = here.start({ ...(await enrolled(here.objects, { epochs: 1000 })), deadlineSeconds: 1 });
    expect((await trainer.end()).code).toBe(exitCodes.unavailable);
    expect(await trainer.message()).toMatchObject({ code: 'DEADLINE_EXCEEDED', retryable: true });
  });

  it('neither waits for NATS nor fails by it where nobody answers there', async () => {
    await using here = await workplace();
    await using trainer = here.start(await enrolled(here.objects), { FACEHASH_NATS_SERVERS: 'nats://127.0.0.1:1' });
    expect((await trainer.end()).code).toBe(0);
    expect(trainer.progress.at(-1)).toMatchObject({ stage: 'Publishing', percent: 100 });
    expect(trainer.errors.match(/NATS cannot be used/g)).toHaveLength(1);
  });

  it('says what is wrong with its configuration and exits as misconfigured', async () => {
    await using here = await workplace();
    await using trainer = here.start('{}', { FACEHASH_OBJECTS_DIR: '' });
    expect((await trainer.end()).code).toBe(exitCodes.misconfigured);
    expect(trainer.errors).toContain('FACEHASH_RUN');
    expect(trainer.errors).toContain('FACEHASH_OBJECTS_DIR');
  });

  it.each([
    ['untrainable when its snapshot is not there', { snapshot: 9 }, exitCodes.untrainable, 'ARTIFACT_CORRUPT'],
    ['misconfigured when it is to make another version', { version: 'v-0' }, exitCodes.misconfigured, 'REQUEST_INVALID'],
  ])('is %s', async (_, change, code, reason) => {
    await using here = await workplace();
    await using trainer = here.start({ ...(await enrolled(here.objects)), ...change });
    expect((await trainer.end()).code).toBe(code);
    expect(await trainer.message()).toMatchObject({ outcome: 'failed', code: reason, retryable: false });
  });

  it('exits as refused where somebody is enrolled twice, and leaves what it found with the run', async () => {
    await using here = await workplace();
    const first = await enrolled(here.objects);
    await using before = here.start(first);
    await before.end();
    const [someone] = gallery;
    const again = gallery
      .filter((s) => s.personId === someone?.personId)
      .map((s) => ({ ...s, personId: 'per_again', photo: sha256Hex(s.photo) }));
    const second = await enrolled(here.objects, {}, { counter: 2, samples: [...gallery, ...again] });
    await using trainer = here.start({ ...second, activeVersion: first.version });
    expect((await trainer.end()).code).toBe(exitCodes.refused);
    expect(await trainer.message()).toMatchObject({ code: 'PERSON_QUARANTINED', quarantine: [{ personId: 'per_again' }] });
    const report = decodeDocument(runReportSchema, await here.read(layout.runReport(storageId, second.run)), 'report');
    expect(report).toMatchObject({ version: second.version, refused: { pairs: { onePersonLikely: 1 } } });
    expect(new TextDecoder().decode(await here.read(layout.runReportPage(storageId, second.run)))).toContain(
      'the photos of per_again take',
    );
  });

  it('trains on plain JavaScript, too, and says so in the manifest', async () => {
    await using here = await workplace();
    const run = await enrolled(here.objects);
    await using trainer = here.start(run, { FACEHASH_TFJS_BACKEND: 'cpu' });
    await trainer.end();
    expect((await here.manifestOf(run)).backend).toBe('cpu');
  });

  it('makes no version where a GPU is demanded and it has none, and may be run again', async () => {
    await using here = await workplace();
    const run: RunSpec = { ...(await enrolled(here.objects)), accelerator: { ...aGpu, onUnavailable: 'Wait' } };
    await using trainer = here.start(run);
    expect(outcomeOf(await trainer.end(), await trainer.message(), run.version)).toEqual({
      outcome: 'failed',
      code: 'GPU_UNAVAILABLE',
      message: expect.stringContaining('this trainer computes on wasm'),
      retryable: true,
    });
    await expect(here.manifestOf(run)).rejects.toThrow('nothing at');
  });

  it('trains on what there is where a GPU is merely preferred', async () => {
    await using here = await workplace();
    const run: RunSpec = { ...(await enrolled(here.objects)), accelerator: { ...aGpu, onUnavailable: 'UseCpu' } };
    await using trainer = here.start(run);
    expect((await trainer.end()).code).toBe(0);
    expect((await here.manifestOf(run)).backend).toBe('wasm');
  });

  it('exits as misconfigured where native TensorFlow is wanted and was not built', async () => {
    await using here = await workplace();
    const env = { FACEHASH_TFJS_BACKEND: 'tensorflow', FACEHASH_TENSORFLOW_DIR: '/nowhere' };
    await using trainer = here.start(await enrolled(here.objects), env);
    expect((await trainer.end()).code).toBe(exitCodes.misconfigured);
    expect(await trainer.message()).toMatchObject({ retryable: false, message: expect.stringContaining('npm run tensorflow') });
  });
});

describe('the trainer on native TensorFlow', () => {
  const addonDir = process.env['FACEHASH_TENSORFLOW_DIR'] ?? '';
  if (addonDir === '') {
    it.skip('is not tested: FACEHASH_TENSORFLOW_DIR is not set; npm run tensorflow builds it', () => undefined);
    return;
  }
  const native = { FACEHASH_TFJS_BACKEND: 'tensorflow', FACEHASH_TENSORFLOW_DIR: addonDir };

  it('trains a version that says so, and that answers on WebAssembly as the one trained there does', async () => {
    const versions: number[][] = [];
    for (const [env, backend] of [
      [native, 'tensorflow'],
      [{}, 'wasm'],
    ] as const) {
      await using here = await workplace();
      const run = await enrolled(here.objects, { epochs: 40 });
      await using trainer = here.start(run, env);
      expect({ code: (await trainer.end()).code, message: await trainer.message() }).toEqual({
        code: 0,
        message: { outcome: 'trained', version: run.version },
      });
      const manifest = await here.manifestOf(run);
      expect(manifest.backend).toBe(backend);
      versions.push(await here.answersOf(run));
    }
    const [trainedNatively, trainedOnWasm] = versions;
    expect(trainedNatively).toHaveLength(2 * 6 * gallery.length);
    const differences = trainedNatively?.map((value, i) => Math.abs(value - (trainedOnWasm?.[i] ?? NaN))) ?? [];
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  });

  it('makes the same bytes twice, and says what it computed on', async () => {
    const versions = [];
    for (const _ of [1, 2]) {
      await using here = await workplace();
      const run = await enrolled(here.objects, { epochs: 40 });
      await using trainer = here.start(run, native);
      await trainer.end();
      versions.push((await here.manifestOf(run)).parts);
      expect(trainer.errors).toMatch(/"device":"[cg]pu".*native TensorFlow is loaded/);
    }
    expect(versions[0]).toEqual(versions[1]);
  });

  it.each([
    ['by the FaceModel', { onUnavailable: 'Wait' as const }, {}],
    ['on every run here', null, { FACEHASH_TENSORFLOW_DEVICE: 'gpu' }],
  ])('demanded a GPU %s, trains on it or not at all', async (_, wish, env) => {
    await using here = await workplace();
    const run = { ...(await enrolled(here.objects)), accelerator: wish && { ...aGpu, ...wish } };
    await using trainer = here.start(run, { ...native, ...env });
    const { code } = await trainer.end();
    if (code === 0) {
      expect(trainer.errors).toContain('"device":"gpu"');
      return;
    }
    expect(code).toBe(exitCodes.unavailable);
    expect(await trainer.message()).toMatchObject({ code: 'GPU_UNAVAILABLE', retryable: true });
    await expect(here.manifestOf(run)).rejects.toThrow('nothing at');
  });
});
