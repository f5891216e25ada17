import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// The networks as @vladmandic/face-api itself runs them, on TensorFlow.js. Reads a JPEG of a face from standard input and writes one line of
// JSON: the landmarks in the picture as it is, and the descriptor of the picture squeezed to 150 x 150.
const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm').setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
const { default: sharp } = await import('sharp');

await tf.setBackend('wasm');
await tf.ready();
const weights = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
const { faceLandmark68Net, faceRecognitionNet, ssdMobilenetv1, tinyFaceDetector } = faceapi.nets;
for (const net of [faceLandmark68Net, faceRecognitionNet, ssdMobilenetv1, tinyFaceDetector]) await net.loadFromDisk(weights);

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { data, info } = await sharp(Buffer.concat(chunks)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
const picture = tf.tensor3d(Uint8Array.from(data), [info.height, info.width, 3], 'int32');
const landmarks = await faceLandmark68Net.detectLandmarks(picture);
const descriptor = await faceRecognitionNet.computeFaceDescriptor(picture);
const boxOf = ({ box }) => [box.x, box.y, box.width, box.height];
const ssd = await ssdMobilenetv1.locateFaces(picture, { minConfidence: 0.3 });
const tiny = await tinyFaceDetector.locateFaces(picture, { inputSize: 224, scoreThreshold: 0.3 });
process.stdout.write(
  JSON.stringify({
    landmarks: landmarks.positions.map(({ x, y }) => [x, y]),
    descriptor: [...descriptor],
    ssd: ssd.map(boxOf),
    tiny: tiny.map(boxOf),
  }),
);
