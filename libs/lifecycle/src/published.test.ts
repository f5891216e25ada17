import type { FaceModelStatus } from '@facehash/facemodel';
import { aStoredModel } from '@facehash/facemodel/testing';
import { plan } from './plan.js';
import { keyExpiryInMs, publishedState } from './published.js';
import { observe } from './testing/observed.js';

describe('what replicas are told', () => {
  const status: FaceModelStatus = plan(observe({})).status;
  const rotating = aStoredModel({ apiKeyHashes: ['new', 'old'], oldKeyValidUntil: '2026-01-01T01:00:00.000Z' });
  const keysAt = (time: string): readonly string[] =>
    publishedState(rotating, status, { fence: { term: 1, sequence: 1 }, now: new Date(time) }).apiKeyHashes;

  it('has both keys during a rotation, and the new one alone afterwards', () => {
    expect(keysAt('2026-01-01T00:59:59.999Z')).toEqual(['new', 'old']);
    expect(keysAt('2026-01-01T01:00:00.000Z')).toEqual(['new']);
  });

  it('changes by itself when the time of the old key is over, and only then', () => {
    expect(keyExpiryInMs(rotating, new Date('2026-01-01T00:00:00.000Z'))).toBe(3_600_000);
    expect(keyExpiryInMs(rotating, new Date('2026-01-01T01:00:00.000Z'))).toBeNull();
    expect(keyExpiryInMs(aStoredModel(), new Date('2026-01-01T00:00:00.000Z'))).toBeNull();
  });
});
