import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUp } from './set-up.mjs';

/** A checkout with everything installed, whose compiler only notes that it was called. */
async function installedCheckout() {
  const root = await mkdtemp(join(tmpdir(), 'facehash-set-up-'));
  const files = {
    'package-lock.json': '{"packages":{}}',
    'node_modules/.package-lock.json': '{"packages":{}}',
    'node_modules/.bin/node': '#!/bin/sh\necho v24.0.0\n',
    'node_modules/typescript/bin/tsc': '',
    'services/cli/package.json': '{}',
  };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content, { mode: 0o755 });
  }
  return root;
}

it('a command of the product gets packages, Node and compiled programs: no apt, no face detector, no networks', async () => {
  const root = await installedCheckout();
  try {
    const lines = [];
    const ready = await setUp({ purpose: 'command', root, write: (line) => lines.push(line) });
    const steps = lines.map((line) => /^\[(\d\/\d)\] (.*?) …/.exec(line)?.slice(1).join(' '));
    expect([...new Set(steps)]).toEqual(['1/3 npm packages', '2/3 Node 24', '3/3 compiled sources']);
    expect(ready.node).toBe(join(root, 'node_modules/.bin/node'));
    expect(ready.env.FACEHASH_NETWORKS_DIR).toBe(process.env.FACEHASH_NETWORKS_DIR);
    expect(existsSync(join(root, 'node_modules/.facehash-set-up'))).toBe(true);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

it('the command line of the product asks for no more than that', async () => {
  expect(await readFile(new URL('../facehash.mjs', import.meta.url), 'utf8')).toContain("purpose: 'command'");
});
