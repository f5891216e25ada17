import type { FaceModelStatus } from '@facehash/facemodel';
import { plan } from './plan.js';
import { publishedState } from './published.js';
import { observe, readyReplica, samples, trainedVersion, wantedName } from './testing/observed.js';
import type { ObservedReplica, Restart } from './types.js';

const spec = { serving: { rollout: { strategy: 'RestartPods', progressDeadlineSeconds: 120 } } };
const stored = [trainedVersion(samples(3))];
const version = wantedName(samples(3));
const started = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number) => new Date(started.getTime() + seconds * 1000);
const rolling: Restart = { token: 't1', done: false, failed: null };
const before = readyReplica('before', { answering: 'v-0', rollout: 't0' });
const fresh = (overrides: Partial<ObservedReplica> = {}) => readyReplica('fresh', { rollout: 't1', ...overrides });

/** One pass over a model whose newest version is stored and goes to pods that are restarted. */
function pass(
  status: FaceModelStatus | null,
  parts: { replicas?: ObservedReplica[]; restart?: Restart | null; now?: Date; latest?: number } = {},
) {
  const { latest = 3, replicas = [before], restart = null, now = started } = parts;
  const more = latest === 3 ? [] : [trainedVersion(samples(latest, 'newer photos'))];
  return plan(
    observe({
      spec,
      status,
      latest: latest === 3 ? samples(3) : samples(latest, 'newer photos'),
      stored: [...stored, ...more],
      replicas,
      restart,
      now,
    }),
  );
}

const begun = () => pass(null).status;
const named = () => pass(begun(), { restart: rolling, replicas: [before, fresh()] }).status;

describe('a rollout by pods that are restarted', () => {
  it('begins with no pod, and those of before are told of nothing', () => {
    const { status, step } = pass(null);
    expect(step).toBeNull();
    expect(status.rollout).toMatchObject({ version: { name: version }, wave: 'First', replicas: [] });
    const { model } = observe({ spec, status });
    expect(publishedState(model, status, { fence: { term: 1, sequence: 1 }, now: started })).toMatchObject({
      target: { name: version },
      targetReplicas: [],
    });
  });

  it('waits for its turn for as long as that takes', () => {
    const { status, againAfterMs } = pass(begun(), { now: later(3600) });
    expect([status.rollout?.version.name, againAfterMs]).toEqual([version, null]);
    expect(status.conditions.find(({ type }) => type === 'RolledOut')?.message).toContain('waits for its turn');
  });

  it('names the pods that were started for it, ready or not', () => {
    const { status } = pass(begun(), { restart: rolling, replicas: [before, fresh({ ready: false })], now: later(60) });
    expect(status.rollout).toMatchObject({ wave: 'First', replicas: ['fresh'], waveStartedAt: later(60).toISOString() });
  });

  it.each<[string, ObservedReplica[], Restart, boolean]>([
    ['once no other pod is left and all hold it', [fresh({ answering: version })], { ...rolling, done: true }, true],
    ['once all have looked at it', [fresh({ verifiedCold: version })], { ...rolling, done: true }, true],
    ['not while Kubernetes is at it', [fresh({ answering: version })], rolling, false],
    ['not while a pod of before answers', [before, fresh({ answering: version })], { ...rolling, done: true }, false],
    ['not while one of them does not hold it', [fresh()], { ...rolling, done: true }, false],
    ['not while none is ready', [fresh({ ready: false, answering: version })], { ...rolling, done: true }, false],
  ])('is promoted %s', (_, replicas, restart, promoted) => {
    const { step } = pass(named(), { replicas, restart, now: later(30) });
    expect(step?.kind === 'activate' && step.pointer.version).toBe(promoted ? version : false);
  });

  it('is taken back where a pod that came finds the version bad', () => {
    const failed = { version, kind: 'artifact' as const, code: 'ARTIFACT_CORRUPT', message: 'a part is missing' };
    expect(pass(named(), { restart: rolling, replicas: [before, fresh({ failed })] }).status).toMatchObject({
      rollout: null,
      training: { lastFailure: { code: 'ARTIFACT_CORRUPT' } },
    });
  });

  it('is taken back where no pod that came takes it over in time, or Kubernetes gives up', () => {
    const replicas = [before, fresh()];
    expect(pass(named(), { restart: rolling, replicas, now: later(119) }).status.rollout).not.toBeNull();
    const failed = 'the pods of facehash/inference do not become ready';
    const two = [
      pass(named(), { restart: rolling, replicas, now: later(120) }),
      pass(named(), { restart: { ...rolling, failed }, replicas }),
    ];
    expect(two.map(({ status }) => [status.rollout, status.phase])).toEqual(Array(2).fill([null, 'Degraded']));
    expect(two[1]?.status.training.lastFailure?.message).toBe(failed);
  });

  it('is waited for once a pod answers with it, and says so', () => {
    const replicas = [before, fresh({ answering: version })];
    const { status } = pass(named(), { restart: rolling, replicas, now: later(120) });
    expect(status.rollout).not.toBeNull();
    expect(status.conditions.find(({ type }) => type === 'Stalled')).toMatchObject({ status: 'True', reason: 'RolloutStalled' });
  });

  it('makes way for newer photos once it takes too long', () => {
    const replicas = [before, fresh({ answering: version })];
    expect(pass(named(), { restart: rolling, replicas, now: later(60), latest: 4 }).status.rollout).not.toBeNull();
    expect(pass(named(), { restart: rolling, replicas, now: later(120), latest: 4 }).status.rollout).toBeNull();
  });

  it('is a hot swap where nobody restarts pods', () => {
    const { status } = plan(observe({ spec, latest: samples(3), stored, replicas: [before] }));
    expect(status.rollout).toMatchObject({ wave: 'First', replicas: ['before'] });
  });
});
