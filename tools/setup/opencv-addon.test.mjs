import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildOpencvAddon, cacheOpencvAddon, installCachedOpencvAddon } from './opencv-addon.mjs';

const addon = 'checkout/node_modules/@u4/opencv4nodejs';
const version = '#define CV_VERSION_MAJOR 4\n#define CV_VERSION_MINOR 6\n#define CV_VERSION_REVISION 0\n';
/** Stands for Node: as node-gyp it writes the addon, with `nice` telling the priority that it was built at. */
const builds = 'mkdir -p build/Release && nice > build/Release/opencv4nodejs.node';

describe('the native face detector', () => {
  let home;
  let place;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'facehash-addon-'));
    const libraries = ['core', 'imgproc', 'objdetect'].map((module) => [`libraries/libopencv_${module}.so`, '']);
    const sources = ['bin/x', 'cc/x', 'cjs/x', 'binding.gyp'].map((name) => [`${addon}/${name}`, '']);
    const files = {
      ...Object.fromEntries([...libraries, ...sources]),
      'headers/opencv2/core/version.hpp': version,
      'checkout/node_modules/include/node/node_version.h': '#define NODE_MODULE_VERSION 137\n',
      [`${addon}/package.json`]: '{"version":"1.0.0"}',
    };
    for (const [path, content] of Object.entries(files)) await put(path, content);
    await nodeThat(builds);
    const system = { headers: join(home, 'headers'), libraries: join(home, 'libraries'), compilers: [] };
    place = { root: join(home, 'checkout'), cacheDir: join(home, 'cache'), system };
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function put(path, content) {
    await mkdir(join(home, path, '..'), { recursive: true });
    await writeFile(join(home, path), content, { mode: 0o755 });
  }

  const nodeThat = (does) =>
    put('checkout/node_modules/.bin/node', `#!/bin/sh\ncase "$1" in --version) echo v24.0.0;; --eval) ;; *) ${does};; esac\n`);
  const installed = () => readFile(join(home, addon, 'build/Release/opencv4nodejs.node'), 'utf8').catch(() => undefined);

  it('is built and put where Node finds it', async () => {
    expect(await buildOpencvAddon({ ...place, log: () => undefined })).toEqual({ built: true });
    expect(await installed()).toBeDefined();
  });

  it('is not waited for by a start: out of the cache, or not at all', async () => {
    expect(await installCachedOpencvAddon(place)).toEqual({ built: false, canBeBuilt: true });
    expect(existsSync(place.cacheDir)).toBe(false);
  });

  it('is built in the background at the lowest priority, and taken by the next start', async () => {
    expect(await cacheOpencvAddon({ ...place, signal: new AbortController().signal })).toEqual({ built: true });
    expect(await installed()).toBeUndefined(); // a program may be running from this checkout
    expect(await installCachedOpencvAddon(place)).toEqual({ built: true });
    expect(await installed()).toBe('19\n');
  });

  it('leaves nothing half built where the background ends first', async () => {
    await nodeThat('touch ../../../begun; sleep 60');
    const ending = new AbortController();
    const building = cacheOpencvAddon({ ...place, signal: ending.signal });
    while (!existsSync(join(home, 'cache/begun'))) await new Promise((resolve) => setTimeout(resolve, 10));
    ending.abort();
    expect(await building).toMatchObject({ built: false });
    expect(await readdir(join(place.cacheDir, 'opencv-addon'))).toEqual([]);
  });

  it.each([
    ['OpenCV', () => rm(join(home, 'headers'), { recursive: true }), 'OpenCV is not installed for development'],
    ['a compiler', () => void (place.system.compilers = ['no-such-compiler']), 'needs no-such-compiler to be built'],
  ])('says that %s is missing, and that there is nothing to build', async (_, remove, reason) => {
    await remove();
    expect(await installCachedOpencvAddon(place)).toEqual({ built: false, canBeBuilt: false, reason: expect.stringContaining(reason) });
    expect(await buildOpencvAddon({ ...place, log: () => undefined })).toMatchObject({ built: false });
  });
});
