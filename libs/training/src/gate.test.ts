import { layout } from '@facehash/artifacts';
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

  it('tells how many photos now lie nearer to somebody who joined', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 4);
    const first = await bench.run();
    await bench.train(first);
    for (let i = 0; i < 6; i++) await bench.enrol('per_again', 1, 50 + i);
    const run = await bench.run({ activeVersion: first.version });
    await bench.train(run);
    expect((await bench.manifest(run.version)).evaluation.gate.message).toMatch(/; \d photos lie nearer to somebody who joined$/);
  });

  it('does not apply when the active version left nothing to compare with', async () => {
    const bench = new Workbench();
    await bench.enrolAll(2, 4);
    const run = await bench.run({ activeVersion: 'v-gone' });
    expect((await bench.train(run)).outcome).toBe('trained');
    expect((await bench.manifest(run.version)).evaluation.gate.verdict).toBe('NotApplicable');
  });
});
