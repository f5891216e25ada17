import { readFile } from 'node:fs/promises';
import { type Cascade, requireFromHere } from './cascade.js';

interface Disposable {
  delete(): void;
}

interface Mat extends Disposable {
  readonly data: Uint8Array;
}

interface Rects extends Disposable {
  size(): number;
  get(index: number): { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

interface Ints extends Disposable {
  get(index: number): number;
}

interface Classifier extends Disposable {
  load(path: string): boolean;
  // OpenCV's own order, in which its WebAssembly build takes them.
  detectMultiScale2(
    ...call: readonly [
      mat: Mat,
      found: Rects,
      support: Ints,
      scaleFactor: number,
      minNeighbours: number,
      flags: number,
      minSize: object,
      maxSize: object,
    ]
  ): void;
}

interface Runtime {
  readonly CV_8UC1: number;
  readonly Mat: new (rows: number, columns: number, type: number) => Mat;
  readonly Size: new (width: number, height: number) => object;
  readonly RectVector: new () => Rects;
  readonly IntVector: new () => Ints;
  readonly CascadeClassifier: new () => Classifier;
  FS_createDataFile(folder: string, name: string, data: Uint8Array, ...access: readonly boolean[]): void;
  FS_unlink(path: string): void;
}

const startTimeoutMs = 60_000;

/** OpenCV compiled to WebAssembly: the same boxes at about the speed of one native thread, on any machine. */
export async function openPortableCascade(cascadePath: string): Promise<Cascade> {
  const { cv } = await runtime();
  const classifier = new cv.CascadeClassifier();
  const file = 'cascade.xml';
  cv.FS_createDataFile('/', file, await readFile(cascadePath), true, false, false);
  classifier.load(file);
  cv.FS_unlink(`/${file}`);
  return {
    find({ data, width, height }, { scaleFactor, minNeighbours, minSizePx }) {
      const mat = new cv.Mat(height, width, cv.CV_8UC1);
      const found = new cv.RectVector();
      const support = new cv.IntVector();
      try {
        mat.data.set(data);
        classifier.detectMultiScale2(
          mat,
          found,
          support,
          scaleFactor,
          minNeighbours,
          0,
          new cv.Size(minSizePx, minSizePx),
          new cv.Size(0, 0),
        );
        return Array.from({ length: found.size() }, (_, i) => {
          const { x, y, width: w, height: h } = found.get(i);
          return { x, y, width: w, height: h, support: support.get(i) };
        });
      } finally {
        support.delete();
        found.delete();
        mat.delete();
      }
    },
    close: () => classifier.delete(),
  };
}

/** The module has a `then` that calls back with the module itself: a promise of the bare module would never settle. */
interface Started {
  readonly cv: Runtime;
}

let started: Promise<Started> | undefined;

/** One instance per process: each holds its own memory, and loading takes a fifth of a second. */
function runtime(): Promise<Started> {
  return (started ??= start());
}

async function start(): Promise<Started> {
  const { module } = await initialised(withoutItsHandlers((): unknown => requireFromHere('@techstark/opencv-js')));
  if (isRuntime(module)) return { cv: module };
  throw new TypeError('the WebAssembly build of OpenCV lacks what the cascade needs');
}

/** The module calls `onRuntimeInitialized` once its WebAssembly is compiled. */
function initialised(module: unknown): Promise<{ readonly module: unknown }> {
  return new Promise((resolve, reject) => {
    if (typeof module !== 'object' || module === null) return reject(new TypeError('the WebAssembly build of OpenCV is no module'));
    const timer = setTimeout(() => reject(new Error('the WebAssembly build of OpenCV did not start')), startTimeoutMs);
    const onRuntimeInitialized = () => {
      clearTimeout(timer);
      resolve({ module });
    };
    if (isRuntime(module)) onRuntimeInitialized();
    else Object.assign(module, { onRuntimeInitialized });
  });
}

/** While it loads, it installs handlers for errors of the whole process that end it without a message. */
function withoutItsHandlers<T>(load: () => T): T {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = new Set<unknown>(events.flatMap((event) => process.rawListeners(event)));
  const loaded = load();
  for (const event of events) {
    const added = process.rawListeners(event).filter((listener) => !before.has(listener));
    for (const listener of added.filter(isListener)) process.off(event, listener);
  }
  return loaded;
}

function isListener(value: unknown): value is () => void {
  return typeof value === 'function';
}

function isRuntime(value: unknown): value is Runtime {
  const wanted = ['Mat', 'Size', 'RectVector', 'IntVector', 'CascadeClassifier', 'FS_createDataFile', 'FS_unlink', 'CV_8UC1'];
  return typeof value === 'object' && value !== null && wanted.every((name) => name in value);
}
