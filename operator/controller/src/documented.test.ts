import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { z } from 'zod';
import { operatorVariables } from './config.js';

const shape = z.object(operatorVariables);
const NONE = '–';

/** Of the table of settings: several that belong together share a row, and then its defaults. */
async function documented(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (`[A-Z][A-Z0-9_]+`(?:, `[A-Z0-9_]+`)*) +\| +(.*?) +\|/gm)];
  return new Map(
    rows.flatMap(([, names = '', defaults = '']) => {
      const values = defaults.replaceAll('`', '').split(', ');
      return names
        .replaceAll('`', '')
        .split(', ')
        .map((name, i): [string, string] => [name, values[i] ?? '']);
    }),
  );
}

describe('the README of the operator', () => {
  it('names every setting with its default, and none that there is not', async () => {
    const defaults = Object.entries(shape.parse({ FACEHASH_TRAINING_PROFILES_FILE: '/profiles.yaml' }));
    const known = Object.keys(shape.shape).map((name): [string, string] => {
      const value = String(defaults.find(([given]) => given === name)?.[1] ?? NONE);
      if (name === 'FACEHASH_TRAINING_PROFILES_FILE') return [name, 'needed'];
      return [name, value === hostname() ? "the host's name" : value];
    });
    expect(Object.fromEntries(await documented())).toEqual(Object.fromEntries(known));
  });
});
