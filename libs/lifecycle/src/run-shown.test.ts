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

  it('is as far as it was for a controller that has not heard of it yet', () => {
    const { status } = plan(observe({ latest: samples(3), run }));
    const unheard = { spec: run.spec };
    expect(plan(observe({ latest: samples(3), status, run: unheard })).status.training).toMatchObject({ stage: 'Extracting', percent: 40 });
  });

  it('is at its beginning where it was started again, or has to wait again', () => {
    const { status } = plan(observe({ latest: samples(3), run }));
    const begins = { stage: 'Starting', percent: 0, run: run.spec.run };
    expect(plan(observe({ latest: samples(3), status })).status.training).toMatchObject(begins);
    const made = { spec: run.spec, waitingFor: 'its pod had to make room and is made again' };
    expect(plan(observe({ latest: samples(3), status, run: made })).status.training).toMatchObject(begins);
  });
});

function startedRun() {
  const { step } = plan(observe({ latest: samples(3) }));
  if (step?.kind !== 'startRun') throw new Error('expected a run to start');
  return step.spec;
}
