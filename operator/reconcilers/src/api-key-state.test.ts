import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { seededRandom } from '@facehash/kernel';
import { graceOf, keysAfter, keysNow, rotationWish, secretStep, type ApiKeyStatus, type KeySecret, type KeyWish } from './api-key-state.js';
import { aView } from './testing/view.js';

const [first, second] = [newApiKey(seededRandom(1)), newApiKey(seededRandom(2))];
const [firstHash, secondHash, thirdHash] = [apiKeyHash(first), apiKeyHash(second), '3'.repeat(64)];
const secretName = 'front-door-api-key';
const HOUR_MS = 3_600_000;
const now = new Date('2026-01-01T00:00:00Z');
const inHours = (hours: number): string => new Date(now.getTime() + hours * HOUR_MS).toISOString();

const aSecret = (overrides: Partial<KeySecret> = {}): KeySecret => ({
  type: 'facehash.dev/api-key',
  key: first,
  served: null,
  owner: 'me',
  ...overrides,
});
const known = (overrides: Partial<ApiKeyStatus> = {}): ApiKeyStatus => ({
  secretName,
  hashes: [firstHash],
  oldKeyValidUntil: null,
  rotation: null,
  ...overrides,
});
const aWish = (overrides: Partial<KeyWish> = {}): KeyWish => ({ uid: 'me', secretName, wish: null, known: known(), ...overrides });

describe('what to do about the Secret of a key', () => {
  const step = (secret: Partial<KeySecret> | undefined, wish: Partial<KeyWish> = {}): string => {
    const decided = secretStep(secret && aSecret(secret), aWish(wish));
    return decided.kind === 'trouble' ? decided.trouble.reason : decided.kind === 'take' ? `take ${decided.hash}` : decided.kind;
  };

  it.each([
    ['is made where there is none', undefined, { known: null }, 'create'],
    ['is made again where it was deleted', undefined, {}, 'create'],
    ['is taken where it is the model’s', {}, {}, `take ${firstHash}`],
    ['becomes the model’s where it is nobody’s', { owner: undefined }, { known: null }, 'adopt'],
    ['is left alone where it is another object’s', { owner: 'other' }, { known: null }, 'ApiKeySecretTaken'],
    ['is left alone where its type is another', { type: 'Opaque', key: undefined, owner: undefined }, {}, 'ApiKeySecretTaken'],
    [
      'is left alone where its type is another, whatever is asked for',
      { type: 'Opaque', key: undefined },
      { wish: 'a' },
      'ApiKeySecretTaken',
    ],
    ['is complained of where it holds no key', { key: `${first}x` }, {}, 'ApiKeyMalformed'],
    ['is complained of where its field is missing', { key: undefined }, {}, 'ApiKeyMalformed'],
    ['is taken with another key that its owner wrote', { key: second }, {}, `take ${secondHash}`],
    ['gets another key where that is asked for', {}, { wish: 'a' }, 'rotate'],
    ['gets a key in place of something else where that is asked for', { key: 'no key' }, { wish: 'a' }, 'rotate'],
    ['gets none for what was asked for before the first key', { served: null }, { wish: 'a', known: null }, `take ${firstHash}`],
    ['gets none where it was served and written down', {}, { wish: 'a', known: known({ rotation: 'a' }) }, `take ${firstHash}`],
    ['gets none where it was served and the process died then', { key: second, served: 'a' }, { wish: 'a' }, `take ${secondHash}`],
    ['gets another one for another text', { served: 'a' }, { wish: 'b', known: known({ rotation: 'a' }) }, 'rotate'],
    ['is taken first where its key is not written down yet', { key: second, served: 'a' }, { wish: 'b' }, `take ${secondHash}`],
    ['is taken where nothing is asked for any more', { served: 'a' }, { wish: null, known: known({ rotation: 'a' }) }, `take ${firstHash}`],
  ] as const)('%s', (_, secret, wish, expected) => expect(step(secret, wish)).toBe(expected));
});

describe('what is valid once the Secret holds a key', () => {
  const after = (
    hash: string,
    before: ApiKeyStatus | null,
    { hours = 24, wish = null as string | null, served = null as string | null } = {},
  ) => keysAfter({ served }, { hash, secretName, wish, known: before }, { now, graceMs: hours * HOUR_MS });

  it('is the first key alone, whatever was asked for before', () => {
    expect(after(firstHash, null, { wish: 'a' })).toEqual(known({ rotation: 'a' }));
    expect(after(firstHash, known({ hashes: [] }))).toEqual(known());
  });

  it('is the new key, and for a while the one before', () => {
    expect(after(secondHash, known(), { wish: 'a', served: 'a' })).toEqual(
      known({ hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(24), rotation: 'a' }),
    );
  });

  it('is the new key alone without grace', () => {
    expect(after(secondHash, known(), { hours: 0 })).toEqual(known({ hashes: [secondHash] }));
  });

  it('are never more than two keys', () => {
    const twice = after(thirdHash, known({ hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(3) }));
    expect(twice).toMatchObject({ hashes: [thirdHash, secondHash], oldKeyValidUntil: inHours(24) });
  });

  it('is the old key again, where its owner put it back', () => {
    const back = after(firstHash, known({ hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(3) }));
    expect(back).toMatchObject({ hashes: [firstHash, secondHash], oldKeyValidUntil: inHours(24) });
  });

  it('stays as it was for the same key', () => {
    const before = known({ hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(3), rotation: 'a' });
    expect(after(secondHash, before, { served: 'a' })).toEqual(before);
  });

  it.each([
    ['ends by itself', -1, 24, { hashes: [secondHash], oldKeyValidUntil: null }],
    ['is not prolonged', 3, 24, { hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(3) }],
    ['is shortened at once', 3, 1, { hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(1) }],
    ['is ended at once', 3, 0, { hashes: [secondHash], oldKeyValidUntil: null }],
  ])('by the time of the old key, which %s', (_, validForHours, graceHours, expected) => {
    const before = known({ hashes: [secondHash, firstHash], oldKeyValidUntil: inHours(validForHours) });
    expect(keysNow(before, { now, graceMs: graceHours * HOUR_MS })).toEqual({ ...before, ...expected });
  });
});

describe('what the owner asks for by annotation', () => {
  const wish = (text: string) => rotationWish(aView({ metadata: { annotations: { 'facehash.dev/rotate-api-key': text } } }));
  const grace = (text: string) => graceOf(aView({ metadata: { annotations: { 'facehash.dev/old-key-grace': text } } }));

  it('is nothing, a word, or the digest of what no status has room for', () => {
    expect([rotationWish(aView()), wish(''), wish('2026-07-01')]).toEqual([null, null, '2026-07-01']);
    expect([wish('a lost laptop'), wish('x'.repeat(64)), wish('🔑')]).toEqual(Array(3).fill(expect.stringMatching(/^[0-9a-f]{64}$/)));
  });

  it('is a time, or a day where none can be read', () => {
    expect(graceOf(aView())).toEqual({ graceMs: 24 * HOUR_MS });
    expect(['0s', '90m', '36h', '7d'].map((text) => grace(text).graceMs / HOUR_MS)).toEqual([0, 1.5, 36, 168]);
    for (const text of ['', '24', 'soon', '-1h', '1h30m', '999999h']) {
      expect(grace(text)).toEqual({ graceMs: 24 * HOUR_MS, fault: expect.stringContaining('no time such as 24h') });
    }
  });
});
