import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/children.mjs';
import { contentsBelow, createDirectory, digestOf, removeDeadBuilds } from './cache.mjs';
import { lastLines, SetUpError } from './set-up-error.mjs';

const converter = 'libs/vision/networks/dist';
/** The packages whose versions decide what the converter writes. */
const inputs = ['@vladmandic/face-api', 'onnx-proto'];
/** The converter writes this file last. */
const index = 'networks.json';
const convertTimeoutMs = 10 * 60_000;

/** The neural networks in the format that the product runs, converted from the npm package that carries their weights. */
export async function networks({ root, cacheDir, node, env, begins }) {
  if (!existsSync(join(root, converter, 'build.js'))) throw new SetUpError('The converter of the networks is not compiled.');
  const all = join(cacheDir, 'networks');
  const key = await keyOfInputs(root);
  const directory = join(all, key);
  await mkdir(all, { recursive: true });
  const there = existsSync(join(directory, index));
  if (!there) {
    begins('converting to ONNX (half a minute)');
    await createDirectory(directory, (temporary) => convert({ root, node, env, into: temporary }));
  }
  // Complete ones stay for good. A server that was started months ago still reads its own, no file tells that it does, and each is 10 MB
  // that come anew only when the converter or the weights change.
  await removeDeadBuilds(all);
  return { state: there ? 'present' : 'converted', networksDir: directory };
}

async function keyOfInputs(root) {
  const versions = await Promise.all(inputs.map((name) => readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')));
  const sources = await contentsBelow(join(root, converter), (path) => path.endsWith('.js'));
  return digestOf([...versions.map((text) => JSON.parse(text).version), ...sources]).slice(0, 20);
}

async function convert({ root, node, env, into }) {
  const { code, output } = await run(node, [join(root, converter, 'build.js'), into], { cwd: root, env, timeoutMs: convertTimeoutMs });
  if (code !== 0 || !existsSync(join(into, index))) throw new SetUpError(`The networks could not be converted:\n${lastLines(output)}`);
}
