import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describedPipeline } from '@facehash/vision-pipelines';
import { seededRandom } from '@facehash/kernel';
import { branchRows } from '../support/accuracy/branch.js';
import { Gallery, type Answer } from '../support/accuracy/gallery.js';
import { counted } from '../support/accuracy/intervals.js';
import { offlineRows } from '../support/accuracy/offline.js';
import { report, row, type Row } from '../support/benchmark.js';
import { pairRows } from '../support/accuracy/verification.js';
import { people, setFacesDir, type PersonPhotos } from '../support/faces.js';
import { Product } from '../support/product.js';

// How well the server recognises, by its own answers over HTTP: people who are enrolled, asked with photos that are not, and strangers.

const { values: options } = parseArgs({
  options: {
    faces: { type: 'string' },
    descriptor: { type: 'string' },
    json: { type: 'boolean', default: false },
    galleries: { type: 'string', default: '50' },
    strangers: { type: 'string', default: '60' },
    /** A file of pairs in the format of LFW's View 2, whose photos are in the folder of faces. */
    pairs: { type: 'string' },
    only: { type: 'string', default: 'galleries,targets,offline,branch,pairs' },
  },
});
if (options.faces !== undefined) setFacesDir(options.faces);
const own = options.descriptor === undefined ? undefined : describedPipeline.parse(options.descriptor);
const parts = options.only.split(',');

const TARGETS = [0.01, 0.001] as const;
const PHOTOS = [3, 5, 10] as const;
const GALLERY_SIZES = [1, 2, 5, 20] as const;
const PHOTOS_OF_GALLERY = 5;

const home = await mkdtemp(join(tmpdir(), 'facehash-accuracy-'));
try {
  await using product = await Product.start({
    dataDir: home,
    env: { LOG_LEVEL: 'warn', ...(own ? { FACEHASH_DESCRIPTOR: own.path } : {}) },
  });
  const rows: Row[] = [];
  const add = (more: readonly Row[]): void => {
    rows.push(...more);
    // The whole takes half an hour: what is known is told.
    for (const { name, value, unit } of more) console.error(`${name}: ${value.toPrecision(3)} ${unit}`);
  };
  const lfw = await people('lfw');
  const sets = [
    { set: 'lfw', persons: lfw },
    { set: 'lfw + hundred', persons: [...lfw, ...(await people('hundred'))] },
  ];
  const strangers = (await people('strangers')).map((p) => p.photos[0] ?? '');
  if (parts.includes('galleries')) {
    for (const { set, persons } of sets) for (const photos of PHOTOS) add(await openSet(product, { set, persons, photos, strangers }));
  }
  if (parts.includes('targets')) for (const size of GALLERY_SIZES) add(await realised(product, { size, persons: lfw, strangers }));
  await product.stop();
  if (parts.includes('offline')) add(await offlineRows(lfw, strangers, own));
  if (parts.includes('branch')) add(await branchRows(lfw));
  if (parts.includes('pairs') && options.pairs !== undefined) add(await pairRows(options.pairs));
  report('accuracy', rows, options.json);
} finally {
  await rm(home, { recursive: true, force: true });
}

interface OpenSet {
  readonly set: string;
  readonly persons: readonly PersonPhotos[];
  readonly photos: number;
  readonly strangers: readonly string[];
}

/** Everybody of a set enrolled with their first photos, asked about with all their others, beside people who are not enrolled. */
async function openSet(product: Product, { set, persons, photos, strangers }: OpenSet): Promise<Row[]> {
  const gallery = await Gallery.create(product, { name: `${set.replace(/\W+/g, '-')}-${photos}`, dataDir: home });
  const rejected = await gallery.enrol(persons, photos);
  const probes = persons.flatMap(({ name, photos: all }) => all.slice(photos).map((path) => ({ name, path })));
  const title = `${set}, ${persons.length} people, ${photos} photos each`;
  const rows = [row(`${title}: photos rejected at enrolment`, rejected, `of ${persons.length * photos}`)];
  for (const target of TARGETS) {
    await gallery.setTarget(target);
    const answers = await gallery.ask(probes.map(({ path }) => path));
    const { right, wrong, unseen } = tally(answers, probes);
    const accepted = (await gallery.ask(strangers)).filter(({ named }) => named !== null).length;
    const aimed = set === 'lfw' && photos === 5 && target === 0.01;
    rows.push(counted(`${title}, target ${target}: named right`, { count: right, of: probes.length }, aimed ? { atLeast: 97 } : null));
    rows.push(counted(`  named wrong`, { count: wrong, of: probes.length }));
    rows.push(counted(`  no face found`, { count: unseen, of: probes.length }));
    rows.push(counted(`  strangers named`, { count: accepted, of: strangers.length }, aimed ? { atLeast: 0.3, atMost: 1.5 } : null));
    if (target !== 0.01) continue;
    const nearest = right + (await nearestAmong(gallery, probes, answers));
    rows.push(counted(`  rank-1`, { count: nearest, of: probes.length }, aimed ? { atLeast: 99.4 } : null));
  }
  return rows;
}

interface Probe {
  readonly name: string;
  readonly path: string;
}

function tally(
  answers: readonly Answer[],
  probes: readonly Probe[],
): { readonly right: number; readonly wrong: number; readonly unseen: number } {
  const named = answers.filter((answer) => answer.named !== null).length;
  const right = answers.filter((answer, i) => answer.named === probes[i]?.name).length;
  return { right, wrong: named - right, unseen: answers.filter((answer) => !answer.seen).length };
}

/** Photos that were not named right, and whose person is the nearest all the same. */
async function nearestAmong(gallery: Gallery, probes: readonly Probe[], answers: readonly Answer[]): Promise<number> {
  let count = 0;
  for (const [i, probe] of probes.entries()) {
    if (answers[i]?.named !== probe.name && (await gallery.nearest(probe.path)) === probe.name) count++;
  }
  return count;
}

/** Many small galleries of people drawn anew: what share of strangers each really accepts. */
async function realised(
  product: Product,
  { size, persons, strangers }: { readonly size: number; readonly persons: readonly PersonPhotos[]; readonly strangers: readonly string[] },
): Promise<Row[]> {
  const random = seededRandom(size);
  const draw = <T>(items: readonly T[], count: number): T[] => shuffled(items, random).slice(0, count);
  const accepted = new Map<number, number>(TARGETS.map((target) => [target, 0]));
  const draws = Number(options.galleries);
  for (let i = 0; i < draws; i++) {
    const gallery = await Gallery.create(product, { name: `drawn-${size}-${i}`, dataDir: home });
    await gallery.enrol(draw(persons, size), PHOTOS_OF_GALLERY);
    const asked = draw(strangers, Number(options.strangers));
    for (const target of TARGETS) {
      await gallery.setTarget(target);
      const named = (await gallery.ask(asked)).filter((answer) => answer.named !== null).length;
      accepted.set(target, (accepted.get(target) ?? 0) + named);
    }
  }
  return TARGETS.map((target) =>
    counted(
      `${draws} galleries of ${size}, target ${target}: strangers named`,
      { count: accepted.get(target) ?? 0, of: draws * Number(options.strangers) },
      target === 0.01 ? { atLeast: 0.5, atMost: 1.5 } : null,
    ),
  );
}

function shuffled<T>(items: readonly T[], random: { next(): number }): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
