import { kubernetesStatusOf, type KubernetesStatus } from '@facehash/facemodel';
import { aStatus } from '@facehash/facemodel/testing';
import type { CachedFaceModel } from './cached-face-model.js';
import { OwnWrites } from './own-writes.js';

const cached = (resourceVersion: string): CachedFaceModel => ({
  metadata: { name: 'a', uid: 'u', resourceVersion },
  spec: undefined,
  status: null,
  known: null,
  problems: [],
});
const facts = { previous: null, now: new Date(0), jobName: null, queuePosition: null, apiKey: null };
const status: KubernetesStatus = kubernetesStatusOf(aStatus('fm-0001-test', { phase: 'Ready' }), facts);

describe('what this process wrote', () => {
  it('counts until the cache has seen it, or something newer', () => {
    const writes = new OwnWrites();
    writes.wrote('u', { resourceVersion: '100', status });
    expect(writes.newest(cached('99'))).toMatchObject({ metadata: { resourceVersion: '100' }, status, known: { phase: 'Ready' } });
    expect(writes.newest(cached('9'))).toMatchObject({ status });
    expect(writes.newest(cached('100')).status).toBeNull();
    expect(writes.newest(cached('99')).status).toBeNull();
  });

  it('does not count where versions cannot be compared', () => {
    const writes = new OwnWrites();
    writes.wrote('u', { resourceVersion: 'b', status });
    expect(writes.newest(cached('a')).status).toBeNull();
  });
});
