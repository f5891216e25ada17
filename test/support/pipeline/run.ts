import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StageTimes, type Contender } from './contender.js';
import { openFaceApi } from './face-api.js';
import { openNaive } from './naive.js';
import { openOurs } from './ours.js';

// One contender in a process of its own: `node run.js <name> <folder of photos>`. Prints one line of JSON.

const WARM_UP = 10;
const [name = '', folder = ''] = process.argv.slice(2);
const networksDir = process.env['FACEHASH_NETWORKS_DIR'] ?? '';
const open: Record<string, () => Promise<Contender>> = {
  ours: () => openOurs(networksDir),
  naive: () => openNaive(networksDir),
  'face-api': openFaceApi,
};

const contender = await open[name]?.();
if (!contender) throw new Error(`no contender ${name}`);
const photos = await Promise.all((await readdir(folder)).sort().map((file) => readFile(join(folder, file))));
const times = new StageTimes();
for (const photo of photos.slice(0, WARM_UP)) await contender.describe(photo, times);
times.clear();
let found = 0;
const before = process.cpuUsage();
for (const photo of photos) if (await contender.describe(photo, times)) found++;
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  JSON.stringify({ found, stages: { ...times.perPhoto(photos.length), 'the whole': (user + system) / 1000 / photos.length } }),
);
await contender.close();
process.exit(0);
