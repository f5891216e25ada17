import { observedPod } from './observed-pod.js';

const sidecar = { name: 'istio-proxy', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } };

function observed(...containerStatuses: readonly object[]): ReturnType<typeof observedPod> {
  const metadata = { name: 'train-front-door-0-x', labels: { 'facehash.dev/storage-id': 'one' } };
  return observedPod({ metadata, status: { phase: 'Running', containerStatuses } });
}

describe('what is seen of the pod of a run', () => {
  it('is how the trainer ended, whatever was put beside it', () => {
    const terminated = { exitCode: 3, reason: 'Error', message: 'refused' };
    const trainer = { name: 'trainer', state: { terminated } };
    for (const containers of [[trainer], [sidecar, trainer], [trainer, sidecar]])
      expect(observed(...containers).exit).toEqual({ code: 3, reason: 'Error', message: 'refused' });
  });

  it('is why the trainer does not begin, and not why something beside it does not', () => {
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image' };
    const trainer = { name: 'trainer', state: { running: {} } };
    expect(observed({ ...sidecar, state: { waiting } }, trainer).waiting).toBeUndefined();
    expect(observed(sidecar, { ...trainer, state: { waiting } }).waiting).toEqual(waiting);
  });

  it('is nothing as long as its node says nothing', () => {
    expect(observed()).toMatchObject({ exit: undefined, waiting: undefined });
  });
});
