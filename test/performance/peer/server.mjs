import cluster from 'node:cluster';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Fastify from 'fastify';

// The peer of the benchmarks: what a competent person would build with face-api in an afternoon. Fastify in two processes behind one port,
// TensorFlow.js on WebAssembly with SIMD, the tiny detector at 320 pixels, 68 landmarks, the descriptor, and face-api's FaceMatcher at its
// customary 0.6. The ancestor's two calls. Prints its URL once every process has warmed up; ends when its standard input is closed.

const PROCESSES = 2;
const WARM_UPS = 5;
const MATCH_DISTANCE_MAX = 0.6;

if (cluster.isPrimary) lead();
else await serve();

/** Who is enrolled is known to all processes: what one of them learns goes to every one before it is acknowledged. */
function lead() {
  process.stdin.resume().on('end', () => process.exit());
  const ready = new Set();
  const waiting = new Map();
  for (let i = 0; i < PROCESSES; i++) cluster.fork();
  cluster.on('exit', (worker, code) => {
    console.error(`a process of the peer ended with ${code}`);
    process.exit(1);
  });
  cluster.on('message', (from, message) => {
    if (message.kind === 'ready') {
      ready.add(from.id);
      if (ready.size === PROCESSES) console.log(`http://127.0.0.1:${message.port}`);
    } else if (message.kind === 'enrol') {
      const id = `${from.id}/${message.id}`;
      waiting.set(id, { from, left: PROCESSES });
      for (const worker of Object.values(cluster.workers)) worker.send({ ...message, id });
    } else {
      const enrolment = waiting.get(message.id);
      if (--enrolment.left > 0) return;
      waiting.delete(message.id);
      enrolment.from.send({ kind: 'enrolled', id: Number(message.id.split('/')[1]) });
    }
  });
}

async function serve() {
  const { describe, faceapi } = await networks();
  const known = new Map();
  const pending = new Map();
  let matcher;
  process.on('message', (message) => {
    if (message.kind === 'enrolled') return pending.get(message.id)();
    known.set(message.username, [...(known.get(message.username) ?? []), ...message.descriptors.map((d) => Float32Array.from(d))]);
    const labelled = [...known].map(([name, descriptors]) => new faceapi.LabeledFaceDescriptors(name, descriptors));
    matcher = new faceapi.FaceMatcher(labelled, MATCH_DISTANCE_MAX);
    process.send({ kind: 'taken', id: message.id });
  });

  const app = Fastify({ bodyLimit: 220 * 1024 ** 2, keepAliveTimeout: 72_000 });
  app.addContentTypeParser(['image/jpeg', 'application/octet-stream'], { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/', async (request) => {
    const descriptor = await describe(request.body);
    const match = descriptor && matcher?.findBestMatch(descriptor);
    const found = match !== undefined && match.label !== 'unknown';
    return { foundFlag: found ? 1 : 0, foundFace: found ? match.label : null };
  });
  let enrolments = 0;
  app.post('/train', async ({ body: { username, images } }) => {
    const descriptors = [];
    for (const image of images) {
      const descriptor = await describe(Buffer.from(image, 'base64'));
      if (descriptor) descriptors.push([...descriptor]);
    }
    const id = enrolments++;
    const everywhere = new Promise((resolve) => pending.set(id, resolve));
    process.send({ kind: 'enrol', id, username, descriptors });
    await everywhere;
    pending.delete(id);
    return { trainingSuccess: 1, accepted: descriptors.length };
  });
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
  process.send({ kind: 'ready', port: process.env.PORT });
}

/** One thread each, as there is a process for each core. */
async function networks() {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs');
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  wasm.setThreadsCount(1);
  const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');
  const { default: sharp } = await import('sharp');
  sharp.concurrency(1);
  await tf.setBackend('wasm');
  await tf.ready();
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    throw new Error('WebAssembly has no SIMD here: the comparison would not be fair');
  const folder = dirname(require.resolve('@vladmandic/face-api/package.json'));
  const { faceLandmark68Net, faceRecognitionNet, tinyFaceDetector } = faceapi.nets;
  for (const net of [faceLandmark68Net, faceRecognitionNet, tinyFaceDetector]) await net.loadFromDisk(join(folder, 'model'));
  const options = new faceapi.TinyFaceDetectorOptions({ inputSize: 320 });

  const describe = async (photo) => {
    const { data, info } = await sharp(photo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const picture = tf.tensor3d(data, [info.height, info.width, 3], 'int32');
    try {
      const face = await faceapi.detectSingleFace(picture, options).withFaceLandmarks().withFaceDescriptor();
      return face?.descriptor;
    } finally {
      picture.dispose();
    }
  };
  for (let i = 0; i < WARM_UPS; i++) await describe(join(folder, 'demo/sample1.jpg'));
  return { describe, faceapi };
}
