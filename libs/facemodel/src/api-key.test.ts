import { seededRandom, systemRandom } from '@facehash/kernel';
import { apiKeyHash, isApiKey, newApiKey } from './api-key.js';

describe('an API key', () => {
  it('is prefixed, 53 characters long and different every time', () => {
    const keys = Array.from({ length: 100 }, () => newApiKey(systemRandom));
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^fhk_[0-9A-Za-z]{49}$/);
  });

  it('is told from a mistyped one by its checksum, wherever the typo is', () => {
    const key = newApiKey(seededRandom(7));
    expect(isApiKey(key)).toBe(true);
    for (let at = 4; at < key.length; at++) {
      const typo = key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1);
      expect(isApiKey(typo)).toBe(false);
    }
  });

  it.each(['', 'fhk_', 'fhk_abc', 'Fhk_' + 'a'.repeat(49), ' '.repeat(53)])('is not %j', (text) => {
    expect(isApiKey(text)).toBe(false);
  });

  it('is stored as a digest that does not show it', () => {
    const key = newApiKey(seededRandom(7));
    expect(apiKeyHash(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(apiKeyHash(key)).not.toContain(key.slice(4, 12));
  });
});
