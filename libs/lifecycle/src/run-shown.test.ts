import { observe, samples } from './testing/observed.js';
import { plan } from './plan.js';

const run = { spec: startedRun(), progress: { type: 'progress' as const, stage: 'Extracting' as const, percent: 43 } };

describe('a run that is under way', () => {
  it('that does not begin says why, for as long as that is so', () => {
    const starting = { spec: run.spec, waitingFor: 'no node has room for it (0/3 nodes are available)' };
    const { status, step } = plan(observe({ latest: samples(3), run: starting }));
    expect(step).toBeNull();
    expect(status).toMatchObject({ phase: 'Training', training: { stage: 'Starting', waitingFor: starting.waitingFor } });
    expect(status.conditions.find((c) => c.type === 'Trained')?.message).toBe(
      `run ${run.spec.run} does not begin yet: no node has room for it (0/3 nodes are available)`,
    );
    expect(plan(observe({ latest: samples(3), status, run })).status.training.waitingFor).toBeNull();
  });
});

function startedRun() {
  const { step } = plan(observe({ latest: samples(3) }));
  if (step?.kind !== 'startRun') throw new Error('expected a run to start');
  return step.spec;
}
