import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { buildImages } from '@facehash/images';
import { report, row, type Row } from '../support/benchmark.js';
import { installedImages } from '../support/installed-images.js';
import { photoSource } from '../support/photos.js';

// What an installation in a cluster does in what time: until it is ready, from photos to the name in an answer, and how many answers it gives
// with more and more pods. On a cluster of one node on this machine, which has to carry it, too.

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    photos: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    pods: { type: 'string', default: '1,2,4' },
  },
});
const [photos, rounds, seconds] = [Number(options.photos), Number(options.rounds), Number(options.seconds)];
const pods = options.pods.split(',').map(Number);
const shortened = photos < 100 || rounds < 3 || seconds < 10;

const rows: Row[] = [];
const add = (more: readonly Row[]): void => {
  rows.push(...more);
  for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
};
const load = (when: string): Row => row(`load average ${when}`, loadavg()[0] ?? Number.NaN, '');

console.error(`photos: ${photoSource()}${shortened ? '; shortened: the figures are rough' : ''}`);
// As `npm test` hands them to tests, which read it when they are loaded.
process.env['FACEHASH_IMAGES'] = JSON.stringify(await buildImages(installedImages, { onProgress: (line) => console.error(line) }));
const { installed } = await import('../support/cluster-bench/installed.js');
const { recognitionRows } = await import('../support/cluster-bench/recognition.js');
const { trainingRows } = await import('../support/cluster-bench/training.js');

add([load('before')]);
await using here = await installed();
add(here.rows);
add(await trainingRows(here.installation, { photos, rounds }));
add([load('half way')]);
add(await recognitionRows(here.installation, { pods, seconds }));
add([load('after')]);
report(shortened ? 'cluster, shortened' : 'cluster', rows, options.json);
