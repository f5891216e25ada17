import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildOpencvAddon } from './setup/opencv-addon.mjs';

// opencv-addon.mjs INTO: the addon as set-up builds it, in the checkout of which this is a part. One that the host's set-up built for the
// same versions is as good, where it loads here: the host may have another C library.
const [into] = process.argv.slice(2);
const root = join(import.meta.dirname, '..');
const cacheDir = '/var/cache/facehash';
const addonFile = 'opencv4nodejs.node';

for (const name of existsSync('/built-addons') ? readdirSync('/built-addons') : []) offer(name);
const { built, reason } = await buildOpencvAddon({ root, cacheDir, log: console.log });
if (!built) throw new Error(reason);
mkdirSync(into, { recursive: true });
const target = join(into, addonFile);
copyFileSync(join(root, 'node_modules/@u4/opencv4nodejs/build/Release', addonFile), target);
// It names a folder of the machine that built it as the first place to look for OpenCV, which an image has where the loader looks anyway.
execFileSync('chrpath', ['--delete', target]);
execFileSync('strip', ['--strip-unneeded', target]);

function offer(name) {
  const [from, cached] = [join('/built-addons', name, addonFile), join(cacheDir, 'opencv-addon', name)];
  if (!existsSync(from) || existsSync(cached)) return;
  try {
    execFileSync(process.execPath, ['--eval', `require(${JSON.stringify(from)})`], { stdio: 'ignore' });
  } catch {
    return; // it is built here, then
  }
  mkdirSync(cached, { recursive: true });
  copyFileSync(from, join(cached, addonFile));
}
