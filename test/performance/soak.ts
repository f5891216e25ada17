import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report, row, type Row } from '../support/benchmark.js';
import { photoSource } from '../support/photos.js';
import { Product } from '../support/product.js';
import { hostileRows } from '../support/soak/hostile.js';
import { killRows } from '../support/soak/kills.js';
import { leaderRows } from '../support/soak/leaders.js';
import { memoryRows } from '../support/soak/memory.js';

// What only shows after a long time: memory that grows, what a death at a bad moment loses, and what input breaks that nobody thought of. Each part can be left out by a 0.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    requests: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '50' },
    hostile: { type: 'string', default: '5000' },
    leaders: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const requests = Number(options.requests);
const kills = Number(options.kills);
const hostile = Number(options.hostile);
const leaders = Number(options.leaders);

const home = await mkdtemp(join(tmpdir(), 'facehash-soak-'));
try {
  console.error(
    `photos: ${photoSource()}; ${requests} recognitions, ${kills} kills, ${hostile} hostile images and requests, ${leaders} kills of leaders${shortened() ? ', shortened' : ''}`,
  );
  const rows: Row[] = [];
  const add = (more: readonly Row[]): void => {
    rows.push(...more);
    for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
  };
  if (requests > 0) add(await memory(await folder('memory')));
  if (kills > 0) add(await killRows(await folder('kills'), kills));
  if (hostile > 0) add(await hostileRows(await folder('hostile'), hostile, Number(options.seed)));
  if (leaders > 0) add(await leaderRows(leaders));
  report(shortened() ? 'soak, shortened' : 'soak', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true });
}

function shortened(): boolean {
  return requests < 20_000 || kills < 50 || hostile < 5000 || leaders < 50;
}

async function folder(name: string): Promise<string> {
  const path = join(home, name);
  await mkdir(path);
  return path;
}

async function memory(dataDir: string): Promise<readonly Row[]> {
  await using product = await Product.start({ dataDir, env: { LOG_LEVEL: 'warn' } });
  const rows = await memoryRows(product, requests);
  const complaints = product.printed.split('\n').filter(Boolean);
  await product.stop();
  return [...rows, row('  lines of log at warn or above', complaints.length, 'lines')];
}
