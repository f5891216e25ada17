import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import type { Contender } from './contender.js';

interface Tensor {
  dispose(): void;
}

interface Tf {
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tensor3d(data: Uint8Array, shape: readonly number[], dtype: string): Tensor;
}

interface FaceApi {
  readonly nets: Readonly<
    Record<'tinyFaceDetector' | 'faceLandmark68Net' | 'faceRecognitionNet', { loadFromDisk(folder: string): Promise<void> }>
  >;
  readonly TinyFaceDetectorOptions: new (options: object) => object;
  detectSingleFace(input: Tensor, options: object): { withFaceLandmarks(): { withFaceDescriptor(): Promise<object | undefined> } };
}

/** face-api as its own documentation uses it in Node without native code: TensorFlow.js on WebAssembly, tiny detector at 320. */
export async function openFaceApi(): Promise<Contender> {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs') as Tf;
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void; setThreadsCount(count: number): void };
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  wasm.setThreadsCount(1);
  const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js') as FaceApi;
  await tf.setBackend('wasm');
  await tf.ready();
  sharp.concurrency(1);
  const weights = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
  for (const net of Object.values({
    a: faceapi.nets.tinyFaceDetector,
    b: faceapi.nets.faceLandmark68Net,
    c: faceapi.nets.faceRecognitionNet,
  }))
    await net.loadFromDisk(weights);
  const options = new faceapi.TinyFaceDetectorOptions({ inputSize: 320, scoreThreshold: 0.3 });
  return {
    describe: async (photo, times) => {
      const { data, info } = await times.of('decode', () =>
        sharp(photo).autoOrient().toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true }),
      );
      const picture = tf.tensor3d(Uint8Array.from(data), [info.height, info.width, 3], 'int32');
      try {
        return (
          (await times.of('detect, landmarks, descriptor', () =>
            faceapi.detectSingleFace(picture, options).withFaceLandmarks().withFaceDescriptor(),
          )) !== undefined
        );
      } finally {
        picture.dispose();
      }
    },
    close: () => Promise.resolve(),
  };
}
