import { decodeDocument, landmarksSchema, layout, snapshotSchema } from '@facehash/artifacts';
import { decide, decisionSchema } from '@facehash/classifier-core';
import { evaluationReportSchema } from '@facehash/evaluation';
import { ratios } from '@facehash/vision-core';
import { aDescriptor, aDescriptorNear, anAnalysis } from '@facehash/vision-core/testing';
import { Workbench, featuresKey, landmarksKey, storageId } from './testing/workbench.js';

describe('a training run', () => {
  it('makes a version that names the enrolled and tells strangers', async () => {
    const bench = new Workbench();
    await bench.enrolAll(3, 4);
    const run = await bench.run();
    expect(await bench.train(run)).toEqual({ outcome: 'trained', version: run.version });

    const manifest = await bench.manifest(run.version);
    expect(manifest).toMatchObject({
      people: ['per_0', 'per_1', 'per_2'],
      samples: { people: 3, photos: 12, counter: 1 },
      backend: 'memory',
      evaluation: { rank1: 1 },
    });
    const decision = decodeDocument(decisionSchema, await bench.part(manifest, 'decision.json'), 'decision');
    const parts = { modelJson: await bench.part(manifest, 'model.json'), weights: await bench.part(manifest, 'weights.bin') };
    const model = await bench.backend.load(parts, { people: manifest.people, descriptorLength: 128 });
    const whoIs = (descriptor: Float32Array) =>
      decide(model.predict(descriptor, new Float32Array(0)), decision, 0.01).found?.personId ?? null;
    expect(whoIs(aDescriptorNear(aDescriptor(2), 0.1, 77))).toBe('per_1');
    expect(whoIs(aDescriptor(99))).toBeNull();
  });

  it('publishes what it says about itself, for programs and for people', async () => {
    const bench = new Workbench();
    await bench.enrolAll(3, 4);
    const stray = await bench.enrol('per_2', 1, 50);
    const run = await bench.run();
    await bench.train(run);
    const manifest = await bench.manifest(run.version);
    const report = decodeDocument(evaluationReportSchema, await bench.part(manifest, 'report.json'), 'report');
    expect(report).toMatchObject({ version: run.version, people: 3, photos: 13, probes: manifest.evaluation.probes });
    expect(report.rank1?.share).toBeCloseTo(manifest.evaluation.rank1 ?? Number.NaN, 6);
    expect(report.suspiciousPhotos.listed).toMatchObject([{ photo: stray, personId: 'per_2', nearest: { id: 'per_0' } }]);
    expect(new TextDecoder().decode(await bench.part(manifest, 'report.html'))).toContain(stray);
  });

  it('makes the same parts of the same samples in another store', async () => {
    const parts = async () => {
      const bench = new Workbench();
      await bench.enrolAll(3, 4);
      const run = await bench.run();
      await bench.train(run);
      return (await bench.manifest(run.version)).parts;
    };
    expect(await parts()).toEqual(await parts());
  });

  it('tells its stages in order, with a percentage that never falls and ends at 100', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    await bench.train(await bench.run());
    expect([...new Set(bench.progress.map((p) => p.stage))]).toEqual([
      'Starting',
      'Collecting',
      'Extracting',
      'Fitting',
      'Calibrating',
      'Evaluating',
      'Publishing',
    ]);
    const percents = bench.progress.map((p) => p.percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(percents.at(-1)).toBe(100);
  });

  it('writes the manifest after everything that it names', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    const run = await bench.run();
    await bench.train(run);
    const written = bench.objects.writes;
    const lastPart = Math.max(...(await bench.manifest(run.version)).parts.map((p) => written.indexOf(layout.part(storageId, p.sha256))));
    expect(written.indexOf(layout.manifest(storageId, run.version))).toBeGreaterThan(lastPart);
  });

  it('stores what it computed of a photo, and does not compute it again', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    await bench.train(await bench.run());
    expect(bench.describes()).toBe(6);
    await bench.enrol('per_0', 1, 9);
    const run = await bench.run();
    await bench.train(run);
    expect(bench.describes()).toBe(7);
    expect((await bench.report(run)).samples).toMatchObject({ photos: 7, photosReused: 6, photosDescribed: 1, photosSkippedCount: 0 });
  });

  it('fits on descriptors and ratios in the order of the snapshot, whatever came first', async () => {
    const bench = new Workbench();
    await bench.enrolAll(3, 3);
    const run = await bench.run();
    await bench.train(run);
    const snapshot = decodeDocument(snapshotSchema, await bench.bytes(layout.samples(storageId, 1)), 'snapshot');
    const order = snapshot.people.flatMap((p) => p.photos);
    const [fit] = bench.backend.fits;
    expect(fit?.map((s) => s.photo)).toEqual(order);
    const stage = decodeDocument(landmarksSchema, await bench.bytes(landmarksKey(order[0] ?? '')), 'landmarks');
    expect(fit?.[0]?.ratios).toEqual(ratios(stage.landmarks));
  });

  it('is done at once when its version is there already', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    const run = await bench.run();
    await bench.train(run);
    expect(await bench.train({ ...run, run: 'run-again' })).toEqual({ outcome: 'trained', version: run.version });
    expect(bench.backend.fits).toHaveLength(1);
  });

  it('makes a part again that was damaged', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    const run = await bench.run();
    await bench.train(run);
    const [part] = (await bench.manifest(run.version)).parts;
    const key = layout.part(storageId, part?.sha256 ?? '');
    const before = await bench.objects.read(key);
    await bench.overwrite(key, 'damaged');
    expect(await bench.train(run)).toEqual({ outcome: 'trained', version: run.version });
    expect((await bench.objects.read(key))?.bytes).toEqual(before?.bytes);
  });

  it('writes a manifest again that was damaged', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    const run = await bench.run();
    await bench.train(run);
    const before = await bench.manifest(run.version);
    await bench.overwrite(layout.manifest(storageId, run.version), '{"torn":');
    expect(await bench.train({ ...run, run: 'run-again' })).toEqual({ outcome: 'trained', version: run.version });
    expect((await bench.manifest(run.version)).parts).toEqual(before.parts);
  });

  it('accepts the version of another run of the same inputs that was faster', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    const run = await bench.run();
    const [first, second] = await Promise.all([bench.train(run), bench.train({ ...run, run: 'run-rival' })]);
    expect([first.outcome, second.outcome]).toEqual(['trained', 'trained']);
    expect(bench.backend.fits).toHaveLength(2);
  });

  it('trains with one person and one photo, and says that it could not judge itself', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    const run = await bench.run();
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation).toMatchObject({ rank1: null, knownAcceptRate: null, probes: 0 });
  });
});

describe('a photo', () => {
  const enrolled = async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    return { bench, photo: await bench.enrol('per_0', 1, 9) };
  };
  const skipped = async (bench: Workbench) => {
    const run = await bench.run();
    expect((await bench.train(run)).outcome).toBe('trained');
    return (await bench.report(run)).samples?.photosSkipped;
  };

  it.each([
    [
      'whose bytes are missing',
      'its bytes are missing',
      async (bench: Workbench, photo: string) => bench.objects.remove(layout.photo(storageId, 'per_0', photo)),
    ],
    [
      'whose bytes are damaged',
      'its bytes are corrupt',
      async (bench: Workbench, photo: string) => bench.overwrite(layout.photo(storageId, 'per_0', photo), 'other bytes'),
    ],
  ])('%s is skipped, with a warning, and the rest is trained on', async (_, why, damage) => {
    const { bench, photo } = await enrolled();
    await damage(bench, photo);
    expect(await skipped(bench)).toEqual([{ photo, personId: 'per_0', why }]);
    expect(bench.logger.lines).toContainEqual({ level: 'warn', message: 'photo skipped', fields: { personId: 'per_0', photo, why } });
  });

  it('that no longer decodes is skipped', async () => {
    const { bench, photo } = await enrolled();
    const bytes = await bench.bytes(layout.photo(storageId, 'per_0', photo));
    bench.analyser.shows(bytes, { readable: false, problem: 'IMAGE_UNREADABLE', detail: 'no JPEG' });
    expect(await skipped(bench)).toEqual([{ photo, personId: 'per_0', why: 'The image could not be decoded' }]);
  });

  it('without a face is skipped', async () => {
    const { bench, photo } = await enrolled();
    bench.analyser.shows(await bench.bytes(layout.photo(storageId, 'per_0', photo)), anAnalysis({ faces: [] }));
    await bench.objects.remove(landmarksKey(photo));
    expect(await skipped(bench)).toEqual([{ photo, personId: 'per_0', why: 'no face was found in it' }]);
  });

  it.each([
    ['missing', async (bench: Workbench, key: string) => bench.objects.remove(key)],
    ['damaged', async (bench: Workbench, key: string) => bench.overwrite(key, '{}')],
  ])('whose landmarks are %s is looked at again, and they are stored as they were', async (_, damage) => {
    const { bench, photo } = await enrolled();
    const before = await bench.bytes(landmarksKey(photo));
    await damage(bench, landmarksKey(photo));
    expect(await skipped(bench)).toEqual([]);
    expect(await bench.bytes(landmarksKey(photo))).toEqual(before);
  });

  it('whose stored features are damaged is described again, and they are replaced', async () => {
    const { bench, photo } = await enrolled();
    await bench.train(await bench.run());
    const before = await bench.bytes(featuresKey(photo));
    await bench.overwrite(featuresKey(photo), 'damaged');
    await bench.enrol('per_1', 2, 9);
    expect(await skipped(bench)).toEqual([]);
    expect(await bench.bytes(featuresKey(photo))).toEqual(before);
  });

  it('whose bytes are gone serves by the features that were kept', async () => {
    const { bench, photo } = await enrolled();
    await bench.train(await bench.run());
    await bench.objects.remove(layout.photo(storageId, 'per_0', photo));
    await bench.enrol('per_1', 2, 9);
    expect(await skipped(bench)).toEqual([]);
  });

  it('that was a person’s only one leaves that person out', async () => {
    const { bench } = await enrolled();
    const only = await bench.enrol('per_9', 9, 0);
    await bench.objects.remove(layout.photo(storageId, 'per_9', only));
    const run = await bench.run();
    await bench.train(run);
    expect((await bench.manifest(run.version)).people).toEqual(['per_0', 'per_1']);
    expect((await bench.report(run)).samples?.peopleLeftOut).toEqual(['per_9']);
  });
});
