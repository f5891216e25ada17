import { access, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { row, type Row } from '../benchmark.js';
import { facesDir } from '../faces.js';
import { distance } from './constants.js';
import { featuresOf } from './features.js';
import { counted } from './intervals.js';
import { parsePairs, type NumberedPhoto } from './pairs.js';

/** Two photos and how far apart they are; undefined where the pipeline finds no face in one of them: answered wrong, whatever is right. */
export interface Compared {
  readonly same: boolean;
  readonly distance: number | undefined;
}

export interface CrossValidated {
  /** Pairs answered right, by fold. */
  readonly right: readonly number[];
  readonly thresholds: readonly number[];
  /** Of the folds' shares, 0 to 1. */
  readonly mean: number;
  /** Of the mean: the folds' standard deviation over the root of their number. */
  readonly standardError: number;
}

/**
 * LFW's View 2 (Huang, Ramesh, Berg, Learned-Miller: UMass TR 07-49, 2007): each fold is answered with the threshold that is best on all
 * the others, and the estimate is the mean of the folds with its standard error.
 */
export function crossValidate(folds: readonly (readonly Compared[])[]): CrossValidated {
  const thresholds = folds.map((_, out) => bestThreshold(folds.filter((_fold, i) => i !== out).flat()));
  const right = folds.map((fold, i) => fold.filter((pair) => isRight(pair, thresholds[i] ?? Number.NaN)).length);
  const shares = right.map((count, i) => count / (folds[i]?.length ?? 0));
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
  return { right, thresholds, mean, standardError: Math.sqrt(variance / shares.length) };
}

function isRight({ same, distance: apart }: Compared, threshold: number): boolean {
  return apart !== undefined && apart <= threshold === same;
}

/** Half-way between the two distances that it parts best; of several equally good places the one in their middle. */
function bestThreshold(pairs: readonly Compared[]): number {
  const sorted = pairs.flatMap((p) => (p.distance === undefined ? [] : [{ same: p.same, at: p.distance }])).sort((a, b) => a.at - b.at);
  let balance = 0;
  // Taking no two for one person is an answer, too.
  let most = 0;
  let best = [0];
  for (const [i, { same, at }] of sorted.entries()) {
    balance += same ? 1 : -1;
    const next = sorted[i + 1]?.at ?? at;
    // Equal distances cannot be parted.
    if (balance < most || (next === at && i + 1 < sorted.length)) continue;
    if (balance > most) best = [];
    most = balance;
    best.push((at + next) / 2);
  }
  return best[Math.floor(best.length / 2)] ?? Number.NaN;
}

/** Of the pairs that the file names, with the pipeline's descriptors. */
export async function pairRows(file: string): Promise<Row[]> {
  const folds = parsePairs(await readFile(file, 'utf8'));
  const photos = new Map(folds.flat().flatMap((pair) => pair.photos.map((photo) => [keyOf(photo), photo] as const)));
  const paths = new Map<string, string>();
  for (const [key, photo] of photos) paths.set(key, await pathOf(photo));
  const features = await featuresOf([...paths.values()]);
  const descriptorOf = (photo: NumberedPhoto) => features.get(paths.get(keyOf(photo)) ?? '')?.descriptor;
  const compared = folds.map((fold) =>
    fold.map(({ same, photos: [first, second] }): Compared => {
      const [a, b] = [descriptorOf(first), descriptorOf(second)];
      return { same, distance: a && b && distance(a, b) };
    }),
  );
  return rowsOf(`${basename(file)}, ${folds.length} folds of ${folds[0]?.length ?? 0} pairs`, compared);
}

function rowsOf(title: string, compared: readonly (readonly Compared[])[]): Row[] {
  const { right, thresholds, mean, standardError } = crossValidate(compared);
  const pairs = compared.flat();
  return [
    row(`${title}: accuracy, mean of the folds`, 100 * mean, '%', { atLeast: 98.7 }),
    row('  its standard error', 100 * standardError, '%'),
    counted('  pairs answered right', { count: right.reduce((sum, count) => sum + count, 0), of: pairs.length }),
    counted('  pairs without a face in one of the photos', {
      count: pairs.filter((pair) => pair.distance === undefined).length,
      of: pairs.length,
    }),
    row('  threshold, mean of the folds', thresholds.reduce((sum, t) => sum + t, 0) / thresholds.length, 'distance'),
  ];
}

function keyOf({ name, number }: NumberedPhoto): string {
  return `${name} ${number}`;
}

/** As the collection itself lays its photos out, or by bare numbers; people with one photo may stand among the strangers. */
async function pathOf({ name, number }: NumberedPhoto): Promise<string> {
  const names = [`${name}_${String(number).padStart(4, '0')}.jpg`, `${number}.jpg`];
  const places = ['lfw', 'strangers'].flatMap((set) => names.map((photo) => join(facesDir ?? '', set, name, photo)));
  for (const place of places) {
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (there) return place;
  }
  throw new Error(`photo ${number} of ${name} is at none of ${places.join(', ')}`);
}
