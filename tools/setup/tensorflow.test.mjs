import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensorflow } from './tensorflow.mjs';

let folder;
// Without links in it, since Node's own folder is found by following them.
beforeEach(async () => (folder = await realpath(await mkdtemp(join(tmpdir(), 'facehash-tensorflow-')))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const program = (name, script) => writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

/** A machine with everything that the build needs beside `lacking`, on which npm installs nothing and says so. */
async function machine({ lacking = [] } = {}) {
  await mkdir(join(folder, 'bin'));
  for (const name of ['g++', 'make', 'strip', 'python3', 'node'].filter((wanted) => !lacking.includes(wanted)))
    await program(name, 'exit 0');
  if (lacking.includes('pip')) await program('python3', '[ "$1" != -m ]');
  await program('npm', 'echo "registry is down"; exit 1');
  if (lacking.includes('headers')) return;
  await mkdir(join(folder, 'include/node'), { recursive: true });
  await writeFile(join(folder, 'include/node/node_api.h'), '');
}

const cached = () => readdir(join(folder, 'cache/tensorflow')).catch(() => []);

async function build(variant = 'cpu') {
  const begun = [];
  const options = { root: folder, cacheDir: join(folder, 'cache'), env: { PATH: join(folder, 'bin') }, node: join(folder, 'bin/node') };
  return { ...(await tensorflow({ ...options, variant, begins: (what) => begun.push(what) })), begun };
}

const buildable = process.platform === 'linux' && process.arch === 'x64';

describe(buildable ? 'native TensorFlow' : 'native TensorFlow, which is built on Linux on x64 only,', () => {
  if (!buildable) {
    it('is absent here', async () =>
      expect(await build()).toMatchObject({ state: 'absent', reason: expect.stringContaining(process.arch) }));
    return;
  }

  it.each([
    ['a compiler', 'g++', 'needs g++ to be built'],
    ['pip', 'pip', 'needs pip to be built'],
    ['the headers of Node', 'headers', 'headers of Node are not installed'],
  ])('is absent without %s, and begins nothing', async (_, lacking, sentence) => {
    await machine({ lacking: [lacking] });
    expect(await build()).toEqual({ state: 'absent', reason: expect.stringContaining(sentence), begun: [] });
  });

  it('is absent where nothing can be downloaded, says what was said, and leaves nothing half built', async () => {
    await machine();
    expect(await build()).toMatchObject({ state: 'absent', reason: expect.stringContaining('registry is down') });
    expect(await cached()).toEqual([]);
  });

  it('is taken from the cache without any tool, each variant from its own folder', async () => {
    await machine();
    const [cpu, cuda] = [await pretendBuilt('cpu'), await pretendBuilt('cuda')];
    await rm(join(folder, 'bin'), { recursive: true });
    expect(await build('cpu')).toEqual({ state: 'present', directory: cpu, begun: [] });
    expect(await build('cuda')).toEqual({ state: 'present', directory: cuda, begun: [] });
    expect(cpu).not.toBe(cuda);
  });
});

/** Makes the folder that a build was to fill, whose name the build alone knows: by a stand-in for npm that tells where it was called. */
async function pretendBuilt(variant) {
  await program('npm', `pwd > "${folder}/called"; exit 1`);
  await build(variant);
  const directory = (await readFile(join(folder, 'called'), 'utf8')).trim().replace(/\.building-.*$/, '');
  await mkdir(directory);
  return directory;
}
