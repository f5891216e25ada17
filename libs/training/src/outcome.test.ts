import { layout } from '@facehash/artifacts';
import { FaceHashError } from '@facehash/kernel';
import { train } from './train.js';
import { Workbench, storageId } from './testing/workbench.js';

describe('the outcome', () => {
  it('is untrainable when no photo is left', async () => {
    const bench = new Workbench();
    const photo = await bench.enrol('per_0', 1, 0);
    await bench.objects.remove(layout.photo(storageId, 'per_0', photo));
    expect(await bench.train(await bench.run())).toEqual({
      outcome: 'failed',
      code: 'TRAINING_FAILED',
      message: 'none of the 1 photos could be used; the first one: its bytes are missing',
      retryable: false,
    });
  });

  it.each([
    ['names another version', { version: 'v-000000000000' }],
    ['names another pipeline', { pipeline: 'p0' }],
  ])('is misconfigured when the run %s', async (_, overrides) => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    expect(await bench.train(await bench.run(overrides))).toMatchObject({ outcome: 'failed', code: 'REQUEST_INVALID', retryable: false });
  });

  it('is corrupt when the snapshot is missing', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    expect(await bench.train(await bench.run({ snapshot: 7 }))).toMatchObject({
      outcome: 'failed',
      code: 'ARTIFACT_CORRUPT',
      retryable: false,
    });
  });

  it('is worth another try when the store did not answer', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    const run = await bench.run();
    bench.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    expect(await bench.train(run)).toMatchObject({ outcome: 'failed', code: 'STORE_UNAVAILABLE', retryable: true });
    expect((await bench.train(run)).outcome).toBe('trained');
  });

  it('is worth another try when something unforeseen was thrown', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 1);
    bench.backend.nextError = new Error('out of memory');
    expect(await bench.train(await bench.run())).toEqual({
      outcome: 'failed',
      code: 'INTERNAL',
      message: 'Something went wrong on our side',
      retryable: true,
    });
  });

  it.each(['DEADLINE_EXCEEDED', 'SHUTTING_DOWN'] as const)('is %s when the run was ended for that, at whatever moment', async (code) => {
    const whole = new Workbench();
    await whole.enrolAll(2, 3);
    await whole.train(await whole.run());
    for (let at = 0; at < whole.progress.length - 1; at++) {
      const bench = new Workbench();
      await bench.enrolAll(2, 3);
      const run = await bench.run();
      const controller = new AbortController();
      let told = 0;
      const onProgress = () => {
        if (++told > at) controller.abort(new FaceHashError(code));
      };
      expect(await train(run, bench, { signal: controller.signal, onProgress, photosAtOnce: 1 })).toMatchObject({
        outcome: 'failed',
        code,
        retryable: true,
      });
      expect(await bench.objects.read(layout.manifest(storageId, run.version))).toBeUndefined();
      expect(await bench.train({ ...run, run: 'run-again' })).toEqual({ outcome: 'trained', version: run.version });
    }
  });

  it('stands in the report, with the seconds of each stage and what the gate said', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 4);
    const run = await bench.run();
    const outcome = await bench.train(run);
    const report = await bench.report(run);
    expect(report).toMatchObject({
      run: run.run,
      version: run.version,
      backend: 'memory',
      outcome,
      evaluation: { rank1: 1, gate: { verdict: 'NotApplicable' } },
    });
    expect(Object.keys(report.seconds)).toEqual(
      expect.arrayContaining(['Collecting', 'Extracting', 'Fitting', 'Calibrating', 'Evaluating']),
    );
  });
});

describe('what is logged', () => {
  it('holds no descriptor and no photo', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 3);
    await bench.objects.remove(layout.photo(storageId, 'per_0', await bench.enrol('per_0', 1, 9)));
    await bench.train(await bench.run());
    await bench.train({ ...(await bench.run()), version: 'v-other' });
    const said = JSON.stringify(bench.logger.lines);
    expect(bench.logger.lines.length).toBeGreaterThan(0);
    expect(said).not.toContain('face 1, photo');
    for (const value of bench.backend.fits.flatMap((fit) => fit.flatMap((s) => [...s.descriptor])))
      expect(said).not.toContain(String(value));
  });
});
