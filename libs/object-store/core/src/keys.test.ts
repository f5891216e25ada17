import { checkKey, checkPrefix } from './index.js';

const refused = 'The request is not valid';

describe('a prefix', () => {
  it.each(['', 'm', 'm/', 'm/v', 'm/v/1.'])('may be %j', (prefix) => {
    expect(() => checkPrefix(prefix)).not.toThrow();
  });

  it.each(['/', '/m', 'm//', '..', '../', 'm/..', 'm/.', '.hidden', 'm v', 'x'.repeat(256)])('cannot be %j', (prefix) => {
    expect(() => checkPrefix(prefix)).toThrow(refused);
  });
});

describe('a key', () => {
  it('has at most 255 characters between slashes, and 512 in all', () => {
    const long = 'x'.repeat(255);
    expect(() => checkKey(`${long}/${long}`)).not.toThrow();
    expect(() => checkKey(`${long}x/a`)).toThrow(refused);
    expect(() => checkKey(`${long}/${long}/a`)).toThrow(refused);
  });
});
