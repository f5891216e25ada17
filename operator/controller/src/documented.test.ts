import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { runtimeMetrics } from '@facehash/operator-runtime';
import { z } from 'zod';
import { operatorVariables } from './config.js';

const shape = z.object(operatorVariables);
const NONE = '–';

/** First and second cell of the rows whose first cell is one name. */
async function documented(name: RegExp): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const rows = text.matchAll(/^\| `([A-Za-z0-9_]+)` +\| +(.*?) +\|/gm);
  return new Map([...rows].filter(([, key = '']) => name.test(key)).map(([, key = '', value = '']) => [key, value.replaceAll('`', '')]));
}

describe('operator/README.md', () => {
  it('names every setting of the operator with its default, and none that there is not', async () => {
    const defaults: Record<string, unknown> = shape.parse({ FACEHASH_TRAINING_PROFILES_FILE: '/profiles.yaml' });
    const known = Object.keys(shape.shape).map((name): [string, string] => {
      if (name === 'FACEHASH_TRAINING_PROFILES_FILE') return [name, 'needed'];
      const value = defaults[name];
      return [name, value === hostname() ? "the host's name" : value === undefined ? NONE : String(value)];
    });
    expect(Object.fromEntries(await documented(/^[A-Z_]+$/))).toEqual(Object.fromEntries(known));
  });

  it('names every metric with its kind, and none that there is not', async () => {
    const known = Object.entries(runtimeMetrics).map(([name, { kind }]) => [name, kind]);
    expect(Object.fromEntries(await documented(/^[a-z_]+$/))).toEqual(Object.fromEntries(known));
  });
});
