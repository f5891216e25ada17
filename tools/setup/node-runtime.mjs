import { dirname, delimiter, join } from 'node:path';
import { run } from '../process/children.mjs';
import { SetUpError } from './set-up-error.mjs';

const majorMin = 24;

/** The Node that runs the product: the one that came as an npm package, else the running one if it is new enough. */
export async function nodeRuntime({ root }) {
  const packaged = join(root, 'node_modules/.bin/node');
  const version = await versionOf(packaged);
  if (majorOf(version) >= majorMin) return { node: packaged, version };
  if (majorOf(process.version) >= majorMin) return { node: process.execPath, version: process.version };
  throw new SetUpError(
    `FaceHash runs on Node ${majorMin} or newer. The npm package node-linux-${process.arch}, which carries it, does not run on this ` +
      `machine, and this is Node ${process.version}. Install Node ${majorMin} and try again.`,
  );
}

/** What programs of the product are started with: their Node comes first on the PATH, and experimental features that we chose are not warned of. */
export function environmentOfPrograms({ node, env = process.env }) {
  const options = [env.NODE_OPTIONS, '--disable-warning=ExperimentalWarning'].filter(Boolean).join(' ');
  return { ...env, PATH: `${dirname(node)}${delimiter}${env.PATH ?? ''}`, NODE_OPTIONS: options };
}

/** `v24.21.0` gives 24; no version gives 0. */
export function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version ?? '')?.[1] ?? 0);
}

async function versionOf(node) {
  const { code, output } = await run(node, ['--version'], { timeoutMs: 10_000 });
  return code === 0 ? output.trim() : undefined;
}
