import { layoutOfAttempt, observe, readyReplica, samples, trainedVersion, wantedName } from './testing/observed.js';
import { plan } from './plan.js';

const T0 = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);

describe('a model nobody is enrolled in', () => {
  it('is Empty and nothing is done', () => {
    const { status, step } = plan(observe({}));
    expect(status.phase).toBe('Empty');
    expect(step).toBeNull();
    expect(status.conditions.find((c) => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'NoSamples' });
  });
});

describe('a snapshot without its version', () => {
  it('starts a run named by version, generation and attempt', () => {
    const { step, status } = plan(observe({ latest: samples(3) }));
    expect(step).toMatchObject({ kind: 'startRun', spec: { run: layoutOfAttempt(samples(3), 1), snapshot: 3, activeVersion: null } });
    expect(status.phase).toBe('Training');
  });

  it('waits while as many runs are under way as may', () => {
    const { step, status, againAfterMs } = plan(observe({ latest: samples(3), runSlotFree: false }));
    expect(step).toBeNull();
    expect(status.phase).toBe('Waiting');
    expect(againAfterMs).toBeGreaterThan(0);
  });

  it('does nothing while the model is suspended, and cancels the run that is under way', () => {
    const run = { spec: startedRun(samples(3)) };
    expect(plan(observe({ latest: samples(3), spec: { suspend: true } })).step).toBeNull();
    const { step, status } = plan(observe({ latest: samples(3), run, spec: { suspend: true } }));
    expect(step).toEqual({ kind: 'cancelRun', run: run.spec.run });
    expect(status.phase).toBe('Suspended');
  });

  it('rolls a stored version out instead of training it again', () => {
    const version = trainedVersion(samples(3));
    const { step, status } = plan(observe({ latest: samples(3), stored: [version], replicas: [readyReplica('a')] }));
    expect(step).toBeNull();
    expect(status.rollout).toMatchObject({ wave: 'First', replicas: ['a'], version: { name: version.version } });
  });
});

describe('a stored version that the gate would refuse', () => {
  const gate = { verdict: 'Refused' as const, message: 'worse on 9 of 40 photos' };
  const trained = trainedVersion(samples(3));
  const version = { ...trained, evaluation: { ...trained.evaluation, gate } };
  const seen = { latest: samples(3), stored: [version], replicas: [readyReplica('a')] };

  it('is rolled out while the gate only warns', () => {
    expect(plan(observe({ ...seen, spec: { training: { gate: { mode: 'Warn' } } } })).status.rollout).not.toBeNull();
  });

  it('is not when the gate is enforced, by whichever way it came, unless it is pinned', () => {
    expect(plan(observe(seen)).status).toMatchObject({
      rollout: null,
      training: { lastFailure: { run: version.run, code: 'VERSION_REFUSED', final: true } },
    });
    const run = { spec: startedRun(samples(3)), outcome: { outcome: 'trained' as const, version: version.version } };
    expect(plan(observe({ ...seen, run })).status).toMatchObject({ rollout: null, training: { lastFailure: { code: 'VERSION_REFUSED' } } });
    expect(plan(observe({ ...seen, spec: { versions: { pin: version.version } } })).status.rollout).not.toBeNull();
  });
});

describe('a run under way', () => {
  const run = { spec: startedRun(samples(3)), progress: { type: 'progress' as const, stage: 'Extracting' as const, percent: 43 } };

  it('is shown with its stage, in steps of five percent', () => {
    const { status, step } = plan(observe({ latest: samples(3), run }));
    expect(step).toBeNull();
    expect(status.training).toMatchObject({ stage: 'Extracting', percent: 40, attempt: 1 });
  });

  it('goes on when newer photos come, so that a busy model is not starved', () => {
    expect(plan(observe({ latest: samples(4, 'more'), run })).step).toBeNull();
  });

  it('is cancelled when the hyperparameters were changed', () => {
    const { step } = plan(observe({ latest: samples(3), run, spec: { training: { hyperparameters: { epochs: 5 } } } }));
    expect(step).toEqual({ kind: 'cancelRun', run: run.spec.run });
  });

  it('is cancelled when another accelerator is asked for, and the version keeps its name', () => {
    const spec = { training: { accelerator: { onUnavailable: 'UseCpu' } } };
    expect(plan(observe({ latest: samples(3), run, spec })).step).toEqual({ kind: 'cancelRun', run: run.spec.run });
    expect(plan(observe({ latest: samples(3), spec })).step).toMatchObject({ spec: { version: run.spec.version } });
  });
});

describe('an ended run', () => {
  const spec = startedRun(samples(3));

  it('that trained goes to the first wave of ready replicas, and is forgotten once that is written down', () => {
    const observed = observe({
      latest: samples(3),
      run: { spec, outcome: { outcome: 'trained', version: spec.version } },
      stored: [trainedVersion(samples(3))],
      replicas: [readyReplica('b'), readyReplica('a')],
    });
    const { status, forgetRun } = plan(observed);
    expect(status.rollout).toMatchObject({ wave: 'First', replicas: ['a'] });
    expect(forgetRun).toBe(spec.run);
  });

  it('that trained rolls out although newer photos wait already', () => {
    const observed = observe({
      latest: samples(9, 'newer'),
      run: { spec, outcome: { outcome: 'trained', version: spec.version } },
      stored: [trainedVersion(samples(3))],
      replicas: [readyReplica('a')],
    });
    expect(plan(observed).status.rollout?.version.snapshot).toBe(3);
  });

  it('that trained stays in the store while another version is pinned', () => {
    const observed = observe({
      latest: samples(3),
      run: { spec, outcome: { outcome: 'trained', version: spec.version } },
      stored: [trainedVersion(samples(3))],
      replicas: [readyReplica('a')],
      spec: { versions: { pin: 'v-other' } },
    });
    expect(plan(observed)).toMatchObject({ forgetRun: spec.run, status: { rollout: null } });
  });

  it('that left no manifest counts as failed', () => {
    const observed = observe({ latest: samples(3), run: { spec, outcome: { outcome: 'trained', version: spec.version } } });
    expect(plan(observed).status.training.lastFailure).toMatchObject({ code: 'ARTIFACT_CORRUPT', final: false });
  });

  it('that was refused by the gate is final: the active version stays and nothing is tried again', () => {
    const refused = { outcome: 'refused' as const, code: 'VERSION_REFUSED', message: 'worse on 9 of 40 photos' };
    const first = plan(observe({ latest: samples(3), run: { spec, outcome: refused } }));
    expect(first.status.training.lastFailure).toMatchObject({ final: true, code: 'VERSION_REFUSED', snapshot: 3, run: spec.run });
    const next = plan(observe({ latest: samples(3), status: first.status, now: later(3600) }));
    expect(next.step).toBeNull();
    expect(next.status.phase).toBe('Degraded');
    expect(next.status.conditions.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason: 'GateRefused' });
  });

  it('that crashed is tried again after a pause, with the next attempt, until the retries are used up', () => {
    const crash = { outcome: 'failed' as const, code: 'TRAINING_FAILED', message: 'the trainer was ended by SIGKILL', retryable: true };
    let { status } = plan(observe({ latest: samples(3), run: { spec, outcome: crash } }));
    expect(status.training.lastFailure).toMatchObject({ attempt: 1, final: false });
    expect(plan(observe({ latest: samples(3), status })).step).toBeNull();
    const second = plan(observe({ latest: samples(3), status, now: later(60) }));
    expect(second.step).toMatchObject({ kind: 'startRun', spec: { run: layoutOfAttempt(samples(3), 2) } });
    status = plan(
      observe({
        latest: samples(3),
        status: second.status,
        run: { spec: { ...spec, run: layoutOfAttempt(samples(3), 3) }, outcome: crash },
      }),
    ).status;
    expect(status.training.lastFailure).toMatchObject({ attempt: 3, final: true });
  });

  it('that could not reach the store is tried again for as long as that takes', () => {
    const outage = { outcome: 'failed' as const, code: 'STORE_UNAVAILABLE', message: 'the store did not answer', retryable: true };
    const tenth = { ...spec, run: layoutOfAttempt(samples(3), 10) };
    const { status } = plan(observe({ latest: samples(3), run: { spec: tenth, outcome: outage } }));
    expect(status.training.lastFailure).toMatchObject({ attempt: 10, final: false });
    expect(plan(observe({ latest: samples(3), status, now: later(301) })).step).toMatchObject({ kind: 'startRun' });
  });

  it.each([
    ['found no GPU where one is demanded', 'GPU_UNAVAILABLE'],
    ['the cluster could not start', 'RUN_NOT_STARTED'],
  ])('that %s is tried again less and less often, and never given up', (_, code) => {
    const accelerator = { onUnavailable: 'Wait' };
    const see = (parts: Parameters<typeof observe>[0]) =>
      plan(observe({ ...parts, latest: samples(3), spec: { training: { accelerator } } }));
    const started = see({}).step;
    if (started?.kind !== 'startRun') throw new Error('expected a run to start');
    expect(started.spec).toMatchObject({
      version: wantedName(samples(3)),
      accelerator: { resource: 'nvidia.com/gpu', count: 1, onUnavailable: 'Wait' },
    });
    const noGpu = { outcome: 'failed' as const, code, message: 'not here, not now', retryable: true };
    let paused = 0;
    for (const attempt of [1, 4, 9]) {
      const run = { spec: { ...started.spec, run: layoutOfAttempt(samples(3), attempt) }, outcome: noGpu };
      const { status } = see({ run });
      expect(status.training.lastFailure).toMatchObject({ attempt, final: false, code });
      const waiting = see({ status });
      expect(waiting.step).toBeNull();
      expect(waiting.status.conditions.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason: 'TrainingFailed' });
      expect(waiting.againAfterMs).toBeGreaterThan(paused);
      paused = waiting.againAfterMs ?? 0;
      expect(see({ status, now: later(301) }).step).toMatchObject({ kind: 'startRun' });
    }
  });

  it('that failed for good is tried again when the spec changes', () => {
    const untrainable = { outcome: 'failed' as const, code: 'PHOTOS_REJECTED', message: 'no photo is usable', retryable: false };
    const { status } = plan(observe({ latest: samples(3), run: { spec, outcome: untrainable } }));
    expect(plan(observe({ latest: samples(3), status })).step).toBeNull();
    expect(plan(observe({ latest: samples(3), status, generation: 2 })).step).toMatchObject({
      kind: 'startRun',
      spec: { run: layoutOfAttempt(samples(3), 1, 2) },
    });
  });

  it('tells who waits for a newer snapshot of the same photos that it failed too', () => {
    const refused = { outcome: 'refused' as const, code: 'VERSION_REFUSED', message: 'worse' };
    const { status } = plan(observe({ latest: samples(3), run: { spec, outcome: refused } }));
    expect(plan(observe({ latest: samples(4), status })).status.training.lastFailure?.snapshot).toBe(4);
  });
});

describe('a run that asks to leave somebody out', () => {
  const quarantine = [{ personId: 'per_new', photosDigest: 'ab'.repeat(32) }];
  const refused = { outcome: 'refused' as const, code: 'PERSON_QUARANTINED', message: 'takes photos', quarantine };
  const first = plan(observe({ latest: samples(3), run: { spec: startedRun(samples(3)), outcome: refused } }));

  it('is no failure: they are written down, and the run is forgotten', () => {
    expect(first.forgetRun).toBe(startedRun(samples(3)).run);
    expect(first.status).toMatchObject({
      training: { lastFailure: null },
      quarantined: [{ ...quarantine[0], run: startedRun(samples(3)).run, message: 'takes photos' }],
    });
  });

  it('is followed by a run of another version that leaves them out', () => {
    const { step } = plan(observe({ latest: samples(3), status: first.status }));
    expect(step).toMatchObject({ kind: 'startRun', spec: { quarantined: quarantine } });
    expect(step?.kind === 'startRun' && step.spec.version).not.toBe(wantedName(samples(3)));
  });

  it('takes the place of what was known of the same person', () => {
    const other = [{ personId: 'per_new', photosDigest: 'cd'.repeat(32) }];
    const again = { spec: startedRun(samples(4)), outcome: { ...refused, quarantine: other } };
    expect(plan(observe({ latest: samples(4), status: first.status, run: again })).status.quarantined).toMatchObject(other);
  });

  it('is not asked where the gate does not rule', () => {
    const { step } = plan(observe({ latest: samples(3), status: first.status, spec: { training: { gate: { mode: 'Warn' } } } }));
    expect(step).toMatchObject({ spec: { quarantined: [], version: wantedName(samples(3)) } });
  });
});

describe('a rollout', () => {
  const version = trainedVersion(samples(3));
  const begin = (replicas: string[]) =>
    plan(observe({ latest: samples(3), stored: [version], replicas: replicas.map((id) => readyReplica(id)), now: T0 })).status;
  const has = (id: string) => readyReplica(id, { answering: version.version });

  it('of a single replica is promoted as soon as that one answers with it', () => {
    const { step, status } = plan(observe({ latest: samples(3), stored: [version], status: begin(['a']), replicas: [has('a')] }));
    expect(step).toMatchObject({ kind: 'activate', pointer: { version: version.version, snapshot: 3 } });
    expect(status).toMatchObject({ phase: 'Ready', rollout: null, activeVersion: { name: version.version } });
  });

  it('goes from the first wave to all, and is promoted when all hold it', () => {
    const widened = plan(
      observe({
        latest: samples(3),
        stored: [version],
        status: begin(['a', 'b', 'c']),
        replicas: [has('a'), readyReplica('b'), readyReplica('c')],
      }),
    );
    expect(widened.step).toBeNull();
    expect(widened.status.rollout).toMatchObject({ wave: 'All', replicas: ['a', 'b', 'c'] });
    const waiting = plan(
      observe({ latest: samples(3), stored: [version], status: widened.status, replicas: [has('a'), has('b'), readyReplica('c')] }),
    );
    expect(waiting.step).toBeNull();
    const cold = readyReplica('c', { verifiedCold: version.version });
    const done = plan(observe({ latest: samples(3), stored: [version], status: widened.status, replicas: [has('a'), has('b'), cold] }));
    expect(done.step).toMatchObject({ kind: 'activate' });
  });

  it('is not held up by a replica that fell silent, nor by one that came later', () => {
    const { status } = plan(
      observe({ latest: samples(3), stored: [version], status: begin(['a', 'b']), replicas: [has('a'), readyReplica('b')] }),
    );
    const silent = readyReplica('b', { ready: false });
    const { step } = plan(
      observe({ latest: samples(3), stored: [version], status, replicas: [has('a'), silent, readyReplica('newcomer')] }),
    );
    expect(step).toMatchObject({ kind: 'activate' });
  });

  it('picks other replicas when those of the wave are gone', () => {
    const { status, step } = plan(observe({ latest: samples(3), stored: [version], status: begin(['a']), replicas: [readyReplica('b')] }));
    expect(step).toBeNull();
    expect(status.rollout?.replicas).toEqual(['b']);
  });

  it('is rolled back when a replica finds the artifact bad, and a run makes it again', () => {
    const bad = readyReplica('a', {
      failed: { version: version.version, kind: 'artifact', code: 'ARTIFACT_CORRUPT', message: 'digest mismatch' },
    });
    const { status, step } = plan(observe({ latest: samples(3), stored: [version], status: begin(['a']), replicas: [bad] }));
    expect(step).toBeNull();
    expect(status).toMatchObject({
      rollout: null,
      phase: 'Degraded',
      training: { lastFailure: { run: null, final: false, code: 'ARTIFACT_CORRUPT' } },
    });
    const again = plan(observe({ latest: samples(3), stored: [version], status, replicas: [readyReplica('a')], now: later(3600) }));
    expect(again.step).toMatchObject({ kind: 'startRun', spec: { run: layoutOfAttempt(samples(3), 2) } });
  });

  it('makes way for a pin at once', () => {
    const pinned = trainedVersion(samples(2, 'other photos'));
    const spec = { versions: { pin: pinned.version } };
    const { status } = plan(
      observe({ latest: samples(3), stored: [version, pinned], status: begin(['a']), spec, replicas: [readyReplica('a')] }),
    );
    expect(status.rollout).toBeNull();
    const next = plan(observe({ latest: samples(3), stored: [version, pinned], status, spec, replicas: [readyReplica('a')] }));
    expect(next.status.rollout?.version.name).toBe(pinned.version);
  });

  it('that a replica of the last wave cannot follow makes way for newer photos, and not before its deadline', () => {
    const widened = plan(
      observe({ latest: samples(3), stored: [version], status: begin(['a', 'b']), replicas: [has('a'), readyReplica('b')] }),
    ).status;
    const stuck = { latest: samples(4, 'newer photos'), stored: [version], status: widened, replicas: [has('a'), readyReplica('b')] };
    expect(plan(observe({ ...stuck, now: later(60) })).status.rollout).not.toBeNull();
    const { status } = plan(observe({ ...stuck, now: later(3600) }));
    expect(status.rollout).toBeNull();
    expect(plan(observe({ ...stuck, status, now: later(3600) })).step).toMatchObject({ kind: 'startRun', spec: { snapshot: 4 } });
  });

  it('is rolled back and tried again when the first wave misses its deadline', () => {
    const slow = readyReplica('a', {
      failed: { version: version.version, kind: 'transient', code: 'STORE_UNAVAILABLE', message: 'the store did not answer' },
    });
    const { status } = plan(observe({ latest: samples(3), stored: [version], status: begin(['a']), replicas: [slow], now: later(121) }));
    expect(status.training.lastFailure).toMatchObject({ final: false, code: 'DEADLINE_EXCEEDED' });
    expect(
      plan(observe({ latest: samples(3), stored: [version], status, replicas: [slow], now: later(300) })).status.rollout,
    ).not.toBeNull();
  });

  it('that had been promoted when the program died is taken as promoted', () => {
    const active = { v: 1 as const, version: version.version, snapshot: 3, activatedAt: T0.toISOString() };
    const { status } = plan(observe({ latest: samples(3), stored: [version], status: begin(['a']), active }));
    expect(status).toMatchObject({ rollout: null, phase: 'Ready' });
  });
});

describe('an active version', () => {
  const version = trainedVersion(samples(3));
  const active = { v: 1 as const, version: version.version, snapshot: 3, activatedAt: T0.toISOString() };

  it('that covers the newest snapshot is Ready and, once the store is tidied for it, costs nothing', () => {
    const tidied = plan(observe({ latest: samples(3), stored: [version], active })).status;
    const { status, step, againAfterMs } = plan(observe({ latest: samples(3), stored: [version], active, status: tidied }));
    expect(status.phase).toBe('Ready');
    expect([step, againAfterMs]).toEqual([null, null]);
  });

  it('covers a newer snapshot of the same photos without a run', () => {
    const { step } = plan(observe({ latest: samples(7), stored: [version], active }));
    expect(step).toMatchObject({ kind: 'activate', pointer: { version: version.version, snapshot: 7 } });
  });

  it('answers on, and says so, while a newer one trains', () => {
    const { status } = plan(observe({ latest: samples(8, 'more'), stored: [version], active }));
    expect(status.conditions.find((c) => c.type === 'Ready')?.status).toBe('True');
    expect(status.activeVersion?.name).toBe(version.version);
  });

  it('gives way to a pinned version, also an older one', () => {
    const pinned = trainedVersion(samples(1, 'old'));
    const { status } = plan(
      observe({
        latest: samples(3),
        stored: [version, pinned],
        active,
        replicas: [readyReplica('a')],
        spec: { versions: { pin: pinned.version } },
      }),
    );
    expect(status.rollout?.version.name).toBe(pinned.version);
  });

  it('stays when the pinned version is not stored, and the status says what to do', () => {
    const tidied = plan(observe({ latest: samples(3), stored: [version], active })).status;
    const seen = { latest: samples(3), stored: [version], active, status: tidied };
    const { status, step } = plan(observe({ ...seen, spec: { versions: { pin: 'v-nowhere' } } }));
    expect(step).toBeNull();
    expect(status.conditions.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason: 'PinMissing' });
  });
});

function startedRun(latest: ReturnType<typeof samples>) {
  const { step } = plan(observe({ latest }));
  if (step?.kind !== 'startRun') throw new Error('expected a run to start');
  expect(step.spec.version).toBe(wantedName(latest));
  return step.spec;
}
