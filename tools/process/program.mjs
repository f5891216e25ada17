import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from '../setup/set-up.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { run, stopChildrenOnSignals } from './children.mjs';

/** The checkout that these scripts belong to. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Sets up, runs one compiled program of the product to its end, and ends with its exit code. */
export async function runProgram({ program, purpose, projects, args = [], quiet = false }) {
  stopChildrenOnSignals();
  const ready = await orExplain(() => setUp({ purpose, root, projects, quiet }));
  const ended = new AbortController();
  const later = ready.later?.(ended.signal);
  const { code } = await run(ready.node, [join(root, program), ...args], { env: ready.env, output: 'inherit', decidesItsEnd: true });
  ended.abort();
  await later;
  process.exit(code);
}

/** What the user can act on is told as a sentence; anything else is a defect of ours and keeps its stack. */
export async function orExplain(work) {
  try {
    return await work();
  } catch (error) {
    console.error(error instanceof SetUpError ? error.message : error);
    process.exit(1);
  }
}
