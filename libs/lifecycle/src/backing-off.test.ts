import { observe, samples } from './testing/observed.js';
import { plan } from './plan.js';

const T0 = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);
const crash = { outcome: 'failed' as const, code: 'TRAINING_FAILED', message: 'crash', retryable: true };

describe('a run that failed', () => {
  it('in what is now the future, as the clock was set back since, is tried again at once', () => {
    const { step } = plan(observe({ latest: samples(3) }));
    if (step?.kind !== 'startRun') throw new Error('expected a run to start');
    const { status } = plan(observe({ latest: samples(3), now: T0, run: { spec: step.spec, outcome: crash } }));
    // Clocks of two machines are never quite the same.
    expect(plan(observe({ latest: samples(3), status, now: later(-4) })).step).toBeNull();
    expect(plan(observe({ latest: samples(3), status, now: later(-3600) })).step).toMatchObject({ kind: 'startRun' });
  });
});
