import { layout, type RunProgress } from '@facehash/artifacts';
import { evaluationReportSchema } from '@facehash/evaluation';
import { FaceHashError } from '@facehash/kernel';
import { train } from './train.js';
import { Workbench, storageId } from './testing/workbench.js';

describe('the gate', () => {
  /** Four people with ten photos; then the faces of each are enrolled under the next person's name, too. */
  const spoiled = async () => {
    const bench = new Workbench();
    await bench.enrolAll(4, 10);
    const first = await bench.run();
    await bench.train(first);
    for (let p = 0; p < 4; p++) for (let i = 0; i < 15; i++) await bench.enrol(`per_${p}`, 1 + ((p + 1) % 4), 100 + i);
    return { bench, active: first.version };
  };

  it('refuses a version that is significantly worse, and does not publish it', async () => {
    const { bench, active } = await spoiled();
    const run = await bench.run({ activeVersion: active });
    const outcome = await bench.train(run);
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'VERSION_REFUSED', message: expect.stringContaining('significantly worse') });
    expect(await bench.objects.read(layout.manifest(storageId, run.version))).toBeUndefined();
    expect(await bench.report(run)).toMatchObject({ outcome, evaluation: { gate: { verdict: 'Refused' } } });
  });

  it('leaves the evaluation of what it refused with the run, for programs and for people', async () => {
    const { bench, active } = await spoiled();
    const run = await bench.run({ activeVersion: active });
    const outcome = await bench.train(run);
    const report = evaluationReportSchema.parse((await bench.report(run)).refused);
    expect(report).toMatchObject({ version: run.version, people: 4, photos: 100 });
    expect(report.rank1?.share).toBeLessThan(1);
    const page = new TextDecoder().decode(await bench.bytes(layout.runReportPage(storageId, run.run)));
    expect(page).toContain(
      `The gate refused this version, so it was not published: ${outcome.outcome === 'refused' ? outcome.message : ''}`,
    );
  });

  it('stands by its refusal when the evaluation cannot be finished', async () => {
    const { bench, active } = await spoiled();
    const run = await bench.run({ activeVersion: active });
    let stage = '';
    const sleep = async (): Promise<void> => {
      if (stage === 'Evaluating') throw new FaceHashError('DEADLINE_EXCEEDED');
    };
    const options = { signal: new AbortController().signal, onProgress: (p: RunProgress) => (stage = p.stage), photosAtOnce: 3 };
    const { objects, analyser, backend, logger, clock, pipeline } = bench;
    const outcome = await train(run, { objects, analyser, backend, logger, pipeline, clock: { ...clock, sleep } }, options);
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'VERSION_REFUSED' });
    expect(await bench.report(run)).toMatchObject({ outcome, evaluation: { gate: { verdict: 'Refused' } }, refused: null });
    expect(await bench.objects.read(layout.runReportPage(storageId, run.run))).toBeUndefined();
  });

  it('only warns in Warn mode', async () => {
    const { bench, active } = await spoiled();
    const run = await bench.run({ activeVersion: active, gateMode: 'Warn' });
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation.gate.verdict).toBe('Refused');
    expect(bench.logger.lines.map((l) => l.message)).toContain('the gate would refuse this version');
  });

  it('says nothing when it is off', async () => {
    const { bench, active } = await spoiled();
    const run = await bench.run({ activeVersion: active, gateMode: 'Off' });
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation.gate).toEqual({ verdict: 'NotApplicable', message: 'the gate is off' });
  });

  it('lets a model grow, from one person to twelve', async () => {
    const bench = new Workbench();
    await bench.enrolAll(1, 4);
    const first = await bench.run();
    await bench.train(first);
    await bench.enrolAll(12, 0);
    for (let p = 1; p < 12; p++) for (let i = 0; i < 4; i++) await bench.enrol(`per_${p}`, p + 1, i);
    const run = await bench.run({ activeVersion: first.version });
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation.gate.verdict).toBe('Passed');
  });

  describe('for a newcomer who takes the photos of somebody', () => {
    /** Two people, and one of them enrolled again under another name. */
    const doubled = async () => {
      const bench = new Workbench();
      await bench.enrolAll(3, 4);
      const first = await bench.run();
      await bench.train(first);
      for (let i = 0; i < 6; i++) await bench.enrol('per_again', 1, 50 + i);
      return { bench, active: first.version };
    };

    it('refuses by name, so that a run without them can be started', async () => {
      const { bench, active } = await doubled();
      const outcome = await bench.train(await bench.run({ activeVersion: active }));
      expect(outcome).toMatchObject({ outcome: 'refused', code: 'PERSON_QUARANTINED', quarantine: [{ personId: 'per_again' }] });
      expect(outcome).toMatchObject({
        message: expect.stringMatching(/^the photos of per_again take \d of \d recognised photos from per_0/),
      });
    });

    it('leaves the evaluation with them in it with the run', async () => {
      const { bench, active } = await doubled();
      const run = await bench.run({ activeVersion: active });
      await bench.train(run);
      const report = evaluationReportSchema.parse((await bench.report(run)).refused);
      expect(report.pairs.listed).toMatchObject([{ people: ['per_0', 'per_again'], onePersonLikely: true }]);
      const page = new TextDecoder().decode(await bench.bytes(layout.runReportPage(storageId, run.run)));
      expect(page).toMatch(/it was not published: the photos of per_again take/);
    });

    it('trains the others in the run that leaves them out', async () => {
      const { bench, active } = await doubled();
      const refused = await bench.train(await bench.run({ activeVersion: active }));
      const quarantined = refused.outcome === 'refused' ? (refused.quarantine ?? []) : [];
      const run = await bench.run({ activeVersion: active, quarantined });
      expect((await bench.train(run)).outcome).toBe('trained');
      expect((await bench.manifest(run.version)).people).toEqual(['per_0', 'per_1', 'per_2']);
    });

    it('looks at them again when their photos changed', async () => {
      const { bench, active } = await doubled();
      const refused = await bench.train(await bench.run({ activeVersion: active }));
      const quarantined = refused.outcome === 'refused' ? (refused.quarantine ?? []) : [];
      await bench.enrol('per_again', 1, 99);
      const again = await bench.train(await bench.run({ activeVersion: active, quarantined }));
      expect(again).toMatchObject({ code: 'PERSON_QUARANTINED', quarantine: [{ personId: 'per_again' }] });
      expect(again).not.toMatchObject({ quarantine: quarantined });
    });

    it('only warns in Warn mode', async () => {
      const { bench, active } = await doubled();
      const run = await bench.run({ activeVersion: active, gateMode: 'Warn' });
      expect((await bench.train(run)).outcome).toBe('trained');
      expect((await bench.manifest(run.version)).people).toContain('per_again');
    });
  });

  it('does not apply when the active version left nothing to compare with', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 4);
    const run = await bench.run({ activeVersion: 'v-gone' });
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation.gate.verdict).toBe('NotApplicable');
  });
});
