import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { mongoVariables, natsVariables, s3Variables } from './index.js';

const shape = z.object({ ...s3Variables, ...mongoVariables, ...natsVariables });
const NONE = '–';

/** Rows of a table whose first cell is one variable: its name, and the default in the second. */
async function documented(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8');
  const rows = text.matchAll(/^\| `(FACEHASH_(?:S3|MONGODB|NATS)_[A-Z0-9_]+)` +\| +(.*?) +\|/gm);
  return new Map([...rows].map(([, name = '', value = '']) => [name, value.replaceAll('`', '')]));
}

describe('docs/stores.md', () => {
  it('names every setting of the stores with its default, and none that there is not', async () => {
    const defaults = Object.entries(shape.parse({}));
    const known = Object.keys(shape.shape).map((name): [string, string] => [
      name,
      String(defaults.find(([given]) => given === name)?.[1] ?? NONE),
    ]);
    expect(Object.fromEntries(await documented('docs/stores.md'))).toEqual(Object.fromEntries(known));
  });
});
