import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { people, setFacesDir } from '../faces.js';
import { sampleFace } from '../sample-faces.js';
import { parsePairs } from './pairs.js';
import { crossValidate, pairRows, type Compared } from './verification.js';

const file = (head: string, ...lines: string[]) => [head, ...lines, ''].join('\n');

describe('a file of pairs', () => {
  it('has folds of pairs of one person and of two', () => {
    const text = file('2\t1', 'Ann_Lee\t1\t4', 'Ann_Lee\t1\tBob\t2', 'Bob\t2\t3', 'Cy_de_la_O\t10\tAnn_Lee\t3');
    expect(parsePairs(text)).toEqual([
      [
        { same: true, photos: [{ name: 'Ann_Lee', number: 1 }, { name: 'Ann_Lee', number: 4 }] },
        { same: false, photos: [{ name: 'Ann_Lee', number: 1 }, { name: 'Bob', number: 2 }] },
      ],
      [
        { same: true, photos: [{ name: 'Bob', number: 2 }, { name: 'Bob', number: 3 }] },
        { same: false, photos: [{ name: 'Cy_de_la_O', number: 10 }, { name: 'Ann_Lee', number: 3 }] },
      ],
    ]); // prettier-ignore
    expect(parsePairs(text.replaceAll('\n', '\r\n').replaceAll('\t', ' '))).toEqual(parsePairs(text));
  });

  it.each([
    ['without a first line', file('Ann\t1\t2', 'Ann\t1\tBob\t1'), 'line 1 is not "folds pairs"'],
    ['with fewer pairs than it announces', file('2\t1', 'Ann\t1\t2', 'Ann\t1\tBob\t1'), 'announces 4 pairs, and there are 2'],
    ['of nothing', file('0\t300'), 'announces 0 pairs'],
    ['whose two kinds are mixed up', file('1\t1', 'Ann\t1\tBob\t1', 'Ann\t1\t2'), 'line 2 is not "name number number"'],
    ['with a number that is none', file('1\t1', 'Ann\t1\t2', 'Ann\t1\tBob\tx'), 'line 3 is not "name number other number"'],
  ])('%s is refused', (_, text, why) => {
    expect(() => parsePairs(text)).toThrow(why);
  });
});

describe('cross-validation', () => {
  const same = (distance: number | undefined): Compared => ({ same: true, distance });
  const other = (distance: number | undefined): Compared => ({ same: false, distance });

  it('answers everything right where one threshold parts the kinds', () => {
    const fold = [same(0.2), same(0.4), other(0.8), other(0.9)];
    const { mean, standardError, thresholds } = crossValidate([fold, fold, fold]);
    expect({ mean, standardError }).toEqual({ mean: 1, standardError: 0 });
    for (const threshold of thresholds) expect(threshold).toBeCloseTo(0.6, 12);
  });

  it('answers a fold by the threshold of the others, not by its own', () => {
    const low = [same(0.1), same(0.2), other(0.4), other(0.5)];
    const high = [same(0.6), same(0.7), other(0.9), other(1)];
    const { right, thresholds } = crossValidate([low, low, high]);
    expect(thresholds[2]).toBeCloseTo(0.3, 12);
    // Too strict for its pairs of one person; with its own threshold all four would be right.
    expect(right[2]).toBe(2);
  });

  it('gives mean and standard error over the folds', () => {
    // The threshold lies between 0.2 and 0.8; each fold has another number of pairs beyond it.
    const fold = (hopeless: number) => [
      ...Array.from({ length: 10 - hopeless }, () => same(0.2)),
      ...Array.from({ length: hopeless }, () => same(1)),
      ...Array.from({ length: 10 }, () => other(0.8)),
    ];
    const { right, mean, standardError } = crossValidate([fold(0), fold(1), fold(2), fold(3)]);
    expect(right).toEqual([20, 19, 18, 17]);
    expect(mean).toBeCloseTo(0.925, 12);
    // Shares 1, 0.95, 0.9, 0.85: deviation sqrt(0.0125 / 3), over the root of four folds.
    expect(standardError).toBeCloseTo(Math.sqrt(0.0125 / 3) / 2, 12);
  });

  it('counts a pair without a face as answered wrong, whatever it is', () => {
    const fold = [same(0.2), same(undefined), other(0.8), other(undefined)];
    expect(crossValidate([fold, fold]).right).toEqual([2, 2]);
  });

  it('does not part equal distances', () => {
    const fold = [same(0.5), same(0.5), other(0.5), other(0.7)];
    expect(crossValidate([fold, fold]).right).toEqual([3, 3]);
  });
});

describe('the photos of a file of pairs', () => {
  it('are found as the collection names them and by bare numbers, and compared by the pipeline', async () => {
    await using folder = await temporaryFolder();
    const put = async (path: string, person: number, take: number): Promise<void> => {
      await mkdir(join(folder.path, path, '..'), { recursive: true });
      await writeFile(join(folder.path, path), await sampleFace(person, take));
    };
    for (const take of [1, 2, 10]) await put(`lfw/Ann_Lee/Ann_Lee_${String(take).padStart(4, '0')}.jpg`, 0, take);
    for (const take of [1, 2, 3]) await put(`lfw/Bob/${take}.jpg`, 1, take);
    await put('strangers/Cy/1.jpg', 2, 1);
    setFacesDir(folder.path);
    expect((await people('lfw')).map((p) => p.photos.map((path) => path.slice(folder.path.length)))).toEqual([
      ['/lfw/Ann_Lee/Ann_Lee_0001.jpg', '/lfw/Ann_Lee/Ann_Lee_0002.jpg', '/lfw/Ann_Lee/Ann_Lee_0010.jpg'],
      ['/lfw/Bob/1.jpg', '/lfw/Bob/2.jpg', '/lfw/Bob/3.jpg'],
    ]);

    const pairs = join(folder.path, 'pairs.txt');
    await writeFile(pairs, file('2\t1', 'Ann_Lee\t1\t10', 'Ann_Lee\t1\tCy\t1', 'Bob\t1\t3', 'Bob\t2\tAnn_Lee\t2'));
    const rows = await pairRows(pairs);
    expect(rows[0]).toMatchObject({ name: 'pairs.txt, 2 folds of 2 pairs: accuracy, mean of the folds', value: 100, met: true });

    await writeFile(pairs, file('2\t1', 'Ann_Lee\t1\t10', 'Ann_Lee\t1\tCy\t2', 'Bob\t1\t3', 'Bob\t2\tAnn_Lee\t2'));
    await expect(pairRows(pairs)).rejects.toThrow('photo 2 of Cy is at none of');
  });
});
