import type { FaceModelStatus } from '@facehash/facemodel';
import { happenings } from './events.js';
import { plan } from './plan.js';
import { observe, readyReplica, samples, trainedVersion } from './testing/observed.js';

const T0 = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number): Date => new Date(T0.getTime() + seconds * 1000);
const [older, newer] = [trainedVersion(samples(1, 'old')), trainedVersion(samples(3))];
const answering = { v: 1 as const, version: newer.version, snapshot: 3, activatedAt: T0.toISOString() };
const world = { latest: samples(3), stored: [older, newer], active: answering, replicas: [readyReplica('a')] };

interface Settled {
  readonly active: typeof answering | null;
  readonly status: FaceModelStatus;
}

type Seen = Parameters<typeof observe>[0];

/** Passes until the version that is on its way answers. Only the first is told of what was asked for: what lasts is in the status. */
function settled(first: Omit<Seen, 'active' | 'status'> & Partial<Settled>): Settled {
  const { activate: _, ...rest } = first;
  let now = pass(first, { active: answering, ...first });
  for (let more = 0; more < 5; more++) now = pass(rest, now);
  return now;
}

function pass(seen: Seen, { active, status }: Omit<Settled, 'status'> & Partial<Settled>): Settled {
  const target = status?.rollout?.version ?? { name: active?.version };
  const replicas = [readyReplica('a', { answering: target.name ?? null })];
  const known = status ? { status } : {};
  const { step, status: next } = plan(observe({ ...seen, active, replicas, ...known }));
  return { active: activeAfter(step, active), status: next };
}

function activeAfter(step: ReturnType<typeof plan>['step'], active: Settled['active']): Settled['active'] {
  if (step?.kind === 'startRun') throw new Error(`starts ${step.spec.run}`);
  return step?.kind === 'activate' ? step.pointer : active;
}

describe('an activation', () => {
  it('brings an older version back and is recorded with its time', () => {
    const { active, status } = settled({ ...world, activate: { version: older.version } });
    expect(active?.version).toBe(older.version);
    expect(status.activation).toEqual({ version: older.version, at: T0.toISOString() });
    expect(status.phase).toBe('Ready');
    expect(status.conditions.find((c) => c.type === 'Trained')).toMatchObject({
      status: 'True',
      reason: 'Activated',
      message: expect.stringContaining('taken back') as string,
    });
  });

  it('outlasts newer photos: they train nothing until it is taken back', () => {
    const { active, status } = settled({ ...world, activate: { version: older.version } });
    const after = settled({ ...world, latest: samples(9, 'many more'), active, status });
    expect(after.active?.version).toBe(older.version);
    const { step, status: released } = plan(
      observe({ ...world, latest: samples(9, 'many more'), active: after.active, status: after.status, activate: { version: null } }),
    );
    expect(step).toMatchObject({ kind: 'startRun', spec: { snapshot: 9 } });
    expect(released.activation).toBeNull();
  });

  it('does not promote what a run under way has made: that run is cancelled, or its version only stored', () => {
    const { step } = plan(observe({ latest: samples(7, 'more') }));
    if (step?.kind !== 'startRun') throw new Error('expected a run');
    const under = plan(observe({ ...world, latest: samples(7, 'more'), run: { spec: step.spec }, activate: { version: newer.version } }));
    expect(under.step).toEqual({ kind: 'cancelRun', run: step.spec.run });
    const outcome = { outcome: 'trained' as const, version: step.spec.version };
    const ended = observe({
      ...world,
      stored: [older, newer, trainedVersion(samples(7, 'more'))],
      run: { spec: step.spec, outcome },
      activate: { version: newer.version },
    });
    expect(plan(ended).status.rollout).toBeNull();
  });

  it('taken back gives the word to the samples again', () => {
    const { active, status } = settled({ ...world, activate: { version: older.version } });
    expect(settled({ ...world, active, status, activate: { version: null } })).toMatchObject({
      active: { version: newer.version, snapshot: 3 },
      status: { activation: null },
    });
  });

  it('gives way to the pin of the spec, and counts again without it', () => {
    const spec = { versions: { pin: newer.version } };
    const pinned = settled({ ...world, spec, activate: { version: older.version } });
    expect(pinned).toMatchObject({ active: { version: newer.version }, status: { activation: { version: older.version } } });
    expect(pinned.status.conditions.find((c) => c.type === 'Ready')?.reason).toBe('Pinned');
    expect(settled({ ...world, active: pinned.active, status: pinned.status }).active?.version).toBe(older.version);
  });

  it('asked for again keeps its time', () => {
    const { active, status } = settled({ ...world, activate: { version: older.version } });
    const again = plan(observe({ ...world, now: later(60), active, status, activate: { version: older.version } }));
    expect(again.status.activation?.at).toBe(T0.toISOString());
  });

  it('of a version that is not stored says so, and the one that answers stays', () => {
    const { active, status } = settled({ ...world, activate: { version: 'v-nowhere' } });
    expect(active?.version).toBe(newer.version);
    expect(status.conditions.find((c) => c.type === 'Stalled')).toMatchObject({ status: 'True', reason: 'PinMissing' });
  });

  it('ends when its version knows somebody who is being erased', () => {
    const { active, status } = settled({ ...world, activate: { version: older.version } });
    const erasing = new Map([[older.people[0] ?? '', later(1).toISOString()]]);
    const { status: after } = plan(observe({ ...world, stored: [older, { ...newer, people: [] }], active, status, erasing }));
    expect(after.activation).toBeNull();
    expect(after.rollout?.version.name).toBe(newer.version);
  });

  it('overrules a failure from before, and not one from after', () => {
    const { status } = plan(observe(world));
    const refused = (at: Date) => ({
      ...status,
      training: {
        ...status.training,
        lastFailure: {
          version: older.version,
          run: null,
          snapshot: 1,
          attempt: 1,
          final: true,
          code: 'VERSION_REFUSED',
          message: 'worse',
          at: at.toISOString(),
          generation: 1,
        },
      },
    });
    const activation = { version: older.version, at: later(10).toISOString() };
    expect(plan(observe({ ...world, status: { ...refused(T0), activation } })).status.rollout?.version.name).toBe(older.version);
    expect(plan(observe({ ...world, status: { ...refused(later(20)), activation } })).status.rollout).toBeNull();
  });

  it('that brings the same version back twice promotes it twice', () => {
    const keys = [0, 60].map((seconds) => {
      const rolling = plan(observe({ ...world, now: later(seconds), activate: { version: older.version } })).status;
      const replicas = [readyReplica('a', { answering: older.version })];
      const { status } = plan(observe({ ...world, now: later(seconds + 1), status: rolling, replicas }));
      return happenings(rolling, status).find((h) => h.type === 'dev.facehash.version.promoted')?.key;
    });
    expect(new Set(keys).size).toBe(2);
    expect(keys).not.toContain(undefined);
  });

  it('happens once, and so does its end', () => {
    const before = plan(observe(world)).status;
    const after = plan(observe({ ...world, status: before, activate: { version: older.version } })).status;
    const released = plan(observe({ ...world, status: after, activate: { version: null } })).status;
    const types = (a: FaceModelStatus, b: FaceModelStatus) => happenings(a, b).map((h) => [h.type, h.data['version']]);
    expect(types(before, after)).toContainEqual(['dev.facehash.version.activated', older.version]);
    expect(types(after, after)).toEqual([]);
    expect(types(after, released)).toContainEqual(['dev.facehash.version.released', older.version]);
  });
});
