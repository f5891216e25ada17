import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { median, report, row, type Row } from '../support/benchmark.js';
import { facesDir, people } from '../support/faces.js';
import { inFrame } from '../support/photos.js';
import { sampleFace, samplePersons } from '../support/sample-faces.js';

// CPU time from a photo to its descriptor, on one thread, against the naive recipe with the same parts and against face-api.

const CONTENDERS = ['ours', 'naive', 'face-api'] as const;
const PHOTOS = 80;
const ROUNDS = 3;
const AIM = 0.45;

interface Measured {
  readonly found: number;
  readonly stages: Readonly<Record<string, number>>;
}

const home = await mkdtemp(join(tmpdir(), 'facehash-pipeline-'));
try {
  const rows: Row[] = [];
  const photos = await portraits();
  for (const [width, height] of [
    [250, 250],
    [1280, 720],
  ] as const) {
    const folder = join(home, `${width}x${height}`);
    await mkdir(folder);
    for (const [i, photo] of photos.entries())
      await writeFile(join(folder, `${String(i).padStart(3, '0')}.jpg`), await inFrame(photo, width, height));
    rows.push(...(await compare(folder, `${width}x${height}`)));
  }
  report('pipeline', rows, process.argv.includes('--json'));
} finally {
  await rm(home, { recursive: true, force: true });
}

/** In turn, so that a busy spell of the machine meets all of them. */
async function compare(folder: string, size: string): Promise<Row[]> {
  const rounds = new Map<string, Measured[]>(CONTENDERS.map((name) => [name, []]));
  for (let i = 0; i < ROUNDS; i++) for (const name of CONTENDERS) rounds.get(name)?.push(await measure(name, folder));
  const wholeOf = (name: string): number => medianOf(rounds.get(name) ?? [], 'the whole');
  return [
    ...[...rounds].flatMap(([name, measured]) => rowsOf(`${size}, ${name}`, measured)),
    row(`${size}: ours to the naive recipe`, wholeOf('ours') / wholeOf('naive'), 'times', { atMost: AIM }),
    row(`${size}: ours to face-api`, wholeOf('ours') / wholeOf('face-api'), 'times'),
  ];
}

function rowsOf(title: string, measured: readonly Measured[]): Row[] {
  const [first] = measured;
  if (!first) return [];
  const stages = Object.keys(first.stages).map((stage) => row(`${title}: ${stage}`, medianOf(measured, stage), 'CPU ms'));
  return [...stages, row(`${title}: faces found`, first.found, `of ${PHOTOS}`)];
}

function medianOf(measured: readonly Measured[], stage: string): number {
  return median(measured.map(({ stages }) => stages[stage] ?? Number.NaN));
}

async function measure(name: string, folder: string): Promise<Measured> {
  const program = fileURLToPath(new URL('../support/pipeline/run.js', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, name, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}`);
  const lines = output.split('\n');
  return JSON.parse(lines.at(-1) ?? '') as Measured;
}

async function portraits(): Promise<readonly Buffer[]> {
  if (facesDir === undefined) return Promise.all(Array.from({ length: PHOTOS }, (_, i) => sampleFace(i % samplePersons, i)));
  const paths = (await people('lfw')).flatMap((p) => p.photos.slice(0, 2)).slice(0, PHOTOS);
  return Promise.all(paths.map((path) => readFile(path)));
}
