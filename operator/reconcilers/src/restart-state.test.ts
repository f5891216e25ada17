import { nextRestart, restartOf, restartStateOf, type RestartState } from './restart-state.js';

const a = { storageId: 'fm-a', version: 'v-1' };
const b = { storageId: 'fm-b', version: 'v-7' };
const idle: RestartState = { token: '', covers: new Set(), done: true, failed: null };

/** The state after pods were restarted for these. */
function after(state: RestartState, rolling: Parameters<typeof nextRestart>[1], how: Partial<RestartState> = {}): RestartState {
  const next = nextRestart(state, rolling);
  if (!next) throw new Error('nothing to restart for');
  return { token: next.token, covers: new Set(next.covers), done: true, failed: null, ...how };
}

describe('what pods are restarted for', () => {
  it('is all that is on its way, together, in whatever order', () => {
    expect(nextRestart(idle, [a, b])).toEqual(nextRestart(idle, [b, a, b]));
    expect(nextRestart(idle, [a, b])?.covers).toHaveLength(2);
  });

  it.each([
    ['nothing where nothing is on its way', idle, []],
    ['nothing more for what they were started for', after(idle, [a, b]), [a]],
    ['nothing more when the last one has arrived', after(idle, [a, b]), []],
    ['nothing else before they are done', after(idle, [a], { done: false }), [a, b]],
  ])('is %s', (_, state, rolling) => expect(nextRestart(state, rolling)).toBeNull());

  it('is the next one once they are done, and also where they are stuck', () => {
    for (const how of [{ done: true }, { done: false, failed: 'stuck' }]) {
      expect(nextRestart(after(idle, [a], how), [a, b])?.covers).toHaveLength(2);
    }
    expect(nextRestart(after(idle, [a]), [{ ...a, version: 'v-2' }])?.token).not.toBe(nextRestart(idle, [a])?.token);
  });

  it('is known by a token for each version, whose turn may not have come', () => {
    const state = after(idle, [a], { done: false });
    expect(restartOf(state, a)).toEqual({ token: state.token, done: false, failed: null });
    expect(restartOf(state, b)).toBeNull();
  });
});

describe('how far a Deployment is', () => {
  const deployment = (status: object, generation = 2) => ({
    metadata: { name: 'inference', generation, annotations: { 'facehash.dev/rollout-covers': 'aa,bb' } },
    spec: { replicas: 2, template: { metadata: { annotations: { 'facehash.dev/rollout': 't1' } } } },
    status,
  });
  const whole = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };

  it.each([
    ['done', whole, true],
    ['not done while the change was not seen', { ...whole, observedGeneration: 1 }, false],
    ['not done while pods of before are there', { ...whole, replicas: 3 }, false],
    ['not done while pods are not available', { ...whole, availableReplicas: 1 }, false],
    ['not done while nothing is known', {}, false],
  ])('is %s', (_, status, done) => expect(restartStateOf(deployment(status)).done).toBe(done));

  it('is what was written, and a sentence where Kubernetes gives up', () => {
    const stuck = {
      ...whole,
      availableReplicas: 1,
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
    };
    expect(restartStateOf(deployment(stuck))).toEqual({
      token: 't1',
      covers: new Set(['aa', 'bb']),
      done: false,
      failed: 'the pods of the Deployment inference that were started last do not become ready in time',
    });
    const plain = { metadata: { name: 'inference', generation: 1 }, spec: { template: {} }, status: { observedGeneration: 1 } };
    expect(restartStateOf(plain)).toMatchObject({ token: '', covers: new Set(), failed: null });
  });
});
