import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../process/children.mjs';
import { lastLines, SetUpError } from './set-up-error.mjs';

const compileTimeoutMs = 10 * 60_000;
const firstProgram = 'services/inference/dist/main.js';

/**
 * TypeScript to JavaScript, only what changed since the last time.
 * @param {'programs' | 'everything'} what `programs` leaves the tests out, which a user who only wants to start has no use for
 * @param {readonly string[]} [options.projects] nothing but these
 */
export async function compile({ root, node, env, what, projects: only, begins }) {
  if (!existsSync(join(root, firstProgram))) begins('compiling (half a minute)');
  const projects = only ?? (what === 'everything' ? [] : await programProjects(root));
  const args = [join(root, 'node_modules/typescript/bin/tsc'), '--build', '--listEmittedFiles', ...projects];
  const { code, output } = await run(node, args, { cwd: root, env, timeoutMs: compileTimeoutMs });
  const { emitted, messages } = sortOutput(output);
  if (code !== 0) throw new SetUpError(`The sources do not compile:\n${lastLines(messages)}`);
  return emitted === 0 ? 'up to date' : `${emitted} files written`;
}

/** `tsc --listEmittedFiles` prints `TSFILE: <path>` for each file that it writes, between its messages. */
export function sortOutput(output) {
  const lines = output.split('\n');
  const messages = lines.filter((line) => !line.startsWith('TSFILE: '));
  return { emitted: lines.length - messages.length, messages: messages.join('\n') };
}

async function programProjects(root) {
  const entries = await readdir(join(root, 'services'), { withFileTypes: true });
  const services = entries.filter((entry) => entry.isDirectory()).map((entry) => `services/${entry.name}`);
  return [...services, 'libs/vision/networks'];
}
