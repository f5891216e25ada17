import { observe, readyReplica, samples, trainedVersion } from './testing/observed.js';
import { plan } from './plan.js';

const T0 = new Date('2026-01-01T00:00:00Z');

describe('a model that names a training profile that is not there', () => {
  const spec = { training: { profile: 'huge' } };
  const profiles = ['large', 'default'];
  const reasonOf = ({ status }: ReturnType<typeof plan>) => status.conditions.find((c) => c.type === 'Stalled')?.reason;

  it('begins no run and takes no place of others, says which there are, and waits for a change', () => {
    for (const runSlotFree of [true, false]) {
      const { step, status, againAfterMs } = plan(observe({ latest: samples(3), spec, profiles, runSlotFree }));
      expect([step, againAfterMs]).toEqual([null, null]);
      expect(status).toMatchObject({ phase: 'Degraded', training: { run: null, attempt: 0, lastFailure: null } });
      expect(status.conditions.find((c) => c.type === 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'ProfileMissing',
        message: 'there is no training profile huge: name one of default, large in spec.training.profile',
      });
    }
  });

  it('trains once it names one that is', () => {
    const { status } = plan(observe({ latest: samples(3), spec, profiles }));
    const named = { training: { profile: 'large' } };
    expect(plan(observe({ latest: samples(3), status, spec: named, profiles, generation: 2 })).step).toMatchObject({ kind: 'startRun' });
  });

  it('is not told so while it needs no run: what was trained before goes on answering, and what is stored is taken over', () => {
    const version = trainedVersion(samples(3));
    const active = { v: 1 as const, version: version.version, snapshot: 3, activatedAt: T0.toISOString() };
    expect(reasonOf(plan(observe({ latest: samples(3), spec, profiles, active, stored: [version] })))).toBe('UpToDate');
    const replicas = [readyReplica('a')];
    expect(plan(observe({ latest: samples(3), spec, profiles, stored: [version], replicas })).status.rollout).not.toBeNull();
    const newer = plan(observe({ latest: samples(4, 'more'), spec, profiles, active, stored: [version] }));
    expect(reasonOf(newer)).toBe('ProfileMissing');
    expect(newer.status).toMatchObject({ activeVersion: { name: version.version } });
  });

  it('is no matter where all are trained in one way', () => {
    expect(plan(observe({ latest: samples(3), spec })).step).toMatchObject({ kind: 'startRun' });
  });
});
