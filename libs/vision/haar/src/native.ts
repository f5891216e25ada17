import { join } from 'node:path';
import { addonDirectory, type Cascade, requireFromHere } from './cascade.js';

interface Mat {
  release(): void;
}

interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Classifier {
  detectMultiScale(mat: Mat, options: object): { readonly objects: readonly Rect[]; readonly numDetections: readonly number[] };
}

interface Addon {
  readonly CV_8UC1: number;
  readonly Mat: new (data: Buffer, rows: number, columns: number, type: number) => Mat;
  readonly Size: new (width: number, height: number) => object;
  readonly CascadeClassifier: new (path: string) => Classifier;
  setNumThreads(count: number): void;
}

/**
 * The compiled addon itself, past the package's own loader, which prints to the log and wants a package.json in the working directory.
 * A process must load it once at most, so this is no place for worker threads. Throws when it was not built or OpenCV's libraries are gone.
 */
export function openNativeCascade(cascadePath: string): Cascade {
  const cv: unknown = requireFromHere(join(addonDirectory(), 'build/Release/opencv4nodejs.node'));
  if (!isAddon(cv)) throw new TypeError('the OpenCV addon was built without the modules that the cascade needs');
  // There is one process per CPU already; threads of OpenCV's own would compete with them.
  cv.setNumThreads(1);
  const classifier = new cv.CascadeClassifier(cascadePath);
  return {
    find({ data, width, height }, { scaleFactor, minNeighbours, minSizePx }) {
      const mat = new cv.Mat(Buffer.from(data.buffer, data.byteOffset, data.byteLength), height, width, cv.CV_8UC1);
      try {
        const options = { scaleFactor, minNeighbors: minNeighbours, minSize: new cv.Size(minSizePx, minSizePx) };
        const { objects, numDetections } = classifier.detectMultiScale(mat, options);
        return objects.map(({ x, y, width, height }, i) => ({ x, y, width, height, support: numDetections[i] ?? 0 }));
      } finally {
        mat.release(); // else its memory waits for a garbage collection that does not see its size
      }
    },
    close: () => undefined, // the classifier goes with its JavaScript object
  };
}

function isAddon(value: unknown): value is Addon {
  const wanted = ['Mat', 'Size', 'CascadeClassifier', 'setNumThreads', 'CV_8UC1'];
  return typeof value === 'object' && value !== null && wanted.every((name) => name in value);
}
