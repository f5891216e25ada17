import { aStatus } from '@facehash/facemodel/testing';
import type { FaceModelStatus } from '@facehash/facemodel';
import { ApiError, type ApiErrorCode } from '@facehash/operator-runtime';
import { cachedFaceModel, type CachedFaceModel } from './cached-face-model.js';
import { specTrouble, storageTrouble, withKeyTrouble, withTrouble, withWorkloadsTrouble, workloadsTrouble } from './trouble.js';

const at = (second: number): string => `2026-01-01T00:00:0${second}Z`;

function cached(name: string, overrides: { spec?: object; createdAt?: string; known?: FaceModelStatus } = {}): CachedFaceModel {
  const { spec = {}, createdAt = at(0), known } = overrides;
  const metadata = { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', generation: 2, creationTimestamp: createdAt };
  return { ...cachedFaceModel({ metadata, spec }), ...(known ? { known } : {}) };
}

const answers = aStatus('fm-0001-test', {
  phase: 'Ready',
  conditions: (['Ready', 'Trained', 'RolledOut', 'Stalled'] as const).map((type) => ({
    type,
    status: type === 'Stalled' ? 'False' : 'True',
    reason: 'UpToDate',
    message: 'version v-1 answers',
    observedGeneration: 1,
  })),
});
const told = ({ phase, conditions }: FaceModelStatus) => [
  phase,
  ...conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
];

describe('what stands in the way of a model', () => {
  it('is a spec that this operator cannot read, field by field', () => {
    expect(specTrouble(cached('a'))).toBeUndefined();
    const trouble = specTrouble(cached('a', { spec: { suspend: 'yes', novelty: 1 } }));
    expect(trouble?.reason).toBe('SpecInvalid');
    for (const words of ['spec.suspend: ', '"novelty"', 'An older operator']) expect(trouble?.message).toContain(words);
  });

  it('is an older FaceModel with the same storage id', () => {
    const [older, newer] = [
      cached('a', { spec: { storageId: 'shared-one' } }),
      cached('b', { spec: { storageId: 'shared-one' }, createdAt: at(1) }),
    ];
    expect(storageTrouble(older, [older, newer])).toBeUndefined();
    expect(storageTrouble(newer, [older, newer])?.message).toBe('default/a has the storage id shared-one: delete one of the two');
  });

  it('is said where kubectl looks, and a version that answers goes on answering', () => {
    const trouble = { reason: 'SpecInvalid', message: 'no' } as const;
    const ways = ['Trained=Unknown SpecInvalid', 'Stalled=True SpecInvalid'];
    expect(told(withTrouble(cached('a', { known: answers }), trouble))).toEqual([
      'Degraded',
      'Ready=True UpToDate',
      'RolledOut=True UpToDate',
      ...ways,
    ]);
    expect(told(withTrouble(cached('a'), trouble))).toEqual([
      'Degraded',
      'Ready=False SpecInvalid',
      'RolledOut=False SpecInvalid',
      ...ways,
    ]);
  });

  it.each<[ApiErrorCode, number | undefined, boolean]>([
    ['forbidden', 403, true],
    ['invalid', 422, true],
    ['forbidden', 401, false],
    ['conflict', 409, false],
    ['throttled', 429, false],
    ['unavailable', 503, false],
    ['unavailable', undefined, false],
  ])('is pods of its own that are refused, and not what may go by itself: %s %s', (code, status, isTrouble) => {
    const trouble = workloadsTrouble(new ApiError(code, 'exceeded quota', { status }));
    expect(trouble).toEqual(isTrouble ? { reason: 'DedicatedRefused', message: 'pods of its own are refused: exceeded quota' } : undefined);
  });

  it('is no reason for a model without pods of its own not to be ready, and goes before nothing that is worse', () => {
    const trouble = { reason: 'DedicatedRefused', message: 'exceeded quota' } as const;
    const refused = withWorkloadsTrouble(answers, trouble);
    const rest = ['Ready=True UpToDate', 'Trained=True UpToDate', 'RolledOut=True UpToDate'];
    expect(told(refused)).toEqual(['Ready', ...rest, 'Stalled=True DedicatedRefused']);
    const keyTrouble = { reason: 'ApiKeySecretTaken', message: 'somebody else’s' } as const;
    expect(told(withKeyTrouble(refused, { trouble: keyTrouble, apiKeyHashes: ['a'] }))).toEqual([
      'Ready',
      ...rest,
      'Stalled=True ApiKeySecretTaken',
    ]);
    expect(withWorkloadsTrouble(answers, null)).toBe(answers);
  });

  it('is a Secret without a key: all of it where there never was one, the next key where there was', () => {
    const trouble = { reason: 'ApiKeySecretTaken', message: 'somebody else’s' } as const;
    expect(withKeyTrouble(answers, { trouble: null, apiKeyHashes: ['a'] })).toBe(answers);
    expect(told(withKeyTrouble(answers, { trouble, apiKeyHashes: ['a'] }))).toEqual([
      'Ready',
      'Ready=True UpToDate',
      'Trained=True UpToDate',
      'RolledOut=True UpToDate',
      'Stalled=True ApiKeySecretTaken',
    ]);
    expect(told(withKeyTrouble(answers, { trouble, apiKeyHashes: [] }))).toEqual([
      'Degraded',
      ...['Ready=False', 'Trained=False', 'RolledOut=False', 'Stalled=True'].map((condition) => `${condition} ApiKeySecretTaken`),
    ]);
  });
});
