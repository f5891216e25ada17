import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import {
  analyseImage,
  frame,
  portrait,
  RATIO_NAMES,
  ratios,
  type Analysis,
  type AnalyseOptions,
  type VisionParts,
} from '@facehash/vision-core';
import { decode, prepareDecoder } from '@facehash/vision-decode';
import { bundledCascadePath, openHaar, type HaarAdapter, type OpenedHaar } from '@facehash/vision-haar';
import { openNetworks, type Networks } from '@facehash/vision-onnx';
import { sampleFace, samplePicture } from '../support/sample-faces.js';

// What the pipeline makes of the sample pictures, kept: a change of it is either a mistake or a new pipeline id. UPDATE_GOLDENS=1 writes it.

const file = new URL('./goldens.json', import.meta.url);
const update = process.env['UPDATE_GOLDENS'] === '1';
const PERSONS = [0, 1, 2, 4, 6];
const FRAMES = [1, 3, 5];

interface Golden {
  readonly detector: string;
  readonly box: readonly number[];
  readonly landmarks: readonly (readonly number[])[];
  readonly ratios: Readonly<Record<string, number>>;
  readonly descriptor: readonly number[];
}

const adapters: readonly HaarAdapter[] = ['native', 'portable'];
const haars = new Map<HaarAdapter, OpenedHaar>();
let networks: Networks;
let goldens: Record<string, readonly Golden[]>;

beforeAll(async () => {
  prepareDecoder();
  networks = await openNetworks(process.env['FACEHASH_NETWORKS_DIR'] ?? '', { threads: 1 });
  for (const adapter of adapters) haars.set(adapter, await openHaar({ adapter, cascadePath: bundledCascadePath() }));
  goldens = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as typeof goldens) : {};
});
afterAll(async () => {
  for (const haar of haars.values()) haar.close();
  await networks.close();
  if (update) await writeFile(file, `${JSON.stringify(goldens)}\n`);
});

async function analysed(image: Buffer, adapter: HaarAdapter, options: AnalyseOptions): Promise<Analysis> {
  const haar = haars.get(adapter);
  const decoded = await decode(image);
  if (!haar || !decoded.readable) throw new Error('the sample picture cannot be read');
  const parts: VisionParts = { haar: haar.detector, ...networks };
  return analyseImage(decoded.picture, parts, options);
}

function goldenOf(analysis: Analysis): readonly Golden[] {
  if (!analysis.readable) throw new Error(analysis.detail);
  const rounded = (values: Iterable<number>, digits: number) => [...values].map((value) => Number(value.toFixed(digits)));
  return analysis.faces.map(({ detector, box, landmarks, descriptor }) => ({
    detector,
    box: rounded([box.x, box.y, box.width, box.height], 1),
    landmarks: landmarks.map((point) => rounded(point, 2)),
    ratios: Object.fromEntries(rounded(ratios(landmarks), 4).map((value, i) => [RATIO_NAMES[i] ?? '', value])),
    descriptor: rounded(descriptor ?? [], 5),
  }));
}

/** Within what rounding, and another CPU's order of additions, may change. */
function expectAlike(found: readonly Golden[], golden: readonly Golden[] = []): void {
  expect(found.map(({ detector }) => detector)).toEqual(golden.map(({ detector }) => detector));
  for (const [i, face] of found.entries()) {
    const kept = golden[i];
    if (!kept) throw new Error('a face is missing');
    expect(difference(face.box, kept.box)).toBeLessThan(1);
    expect(difference(face.landmarks.flat(), kept.landmarks.flat())).toBeLessThan(0.5);
    expect(Object.keys(face.ratios)).toEqual(Object.keys(kept.ratios));
    expect(difference(Object.values(face.ratios), Object.values(kept.ratios))).toBeLessThan(0.02);
    expect(difference(face.descriptor, kept.descriptor)).toBeLessThan(0.003);
  }
}

function difference(a: readonly number[], b: readonly number[]): number {
  return Math.max(0, ...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));
}

describe.each(adapters)('the pipeline on the %s cascade makes what it made', (adapter) => {
  const check = async (name: string, image: Buffer, options: AnalyseOptions): Promise<void> => {
    const found = goldenOf(await analysed(image, adapter, options));
    if (update) goldens[name] = found;
    expectAlike(found, goldens[name]);
  };

  it.each(PERSONS)('of the portrait of sample person %d', async (person) =>
    check(`portrait ${person}`, await sampleFace(person, 0), portrait),
  );
  it.each(FRAMES)('of the frame of sample picture %d', async (picture) => check(`frame ${picture}`, await samplePicture(picture), frame));
});
