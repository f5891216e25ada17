import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../process/children.mjs';

/**
 * Runs Jest with one configuration and counts its tests.
 * @returns {Promise<import('./report.mjs').Counts>}
 */
export async function jestStage({ root, node, env, config, timeoutMs, args = [] }) {
  const results = join(tmpdir(), `facehash-jest-${process.pid}-${config}.json`);
  const jest = ['--experimental-vm-modules', join(root, 'node_modules/jest/bin/jest.js'), '--config', join(root, config)];
  try {
    const options = { cwd: root, env, timeoutMs, output: 'inherit' };
    const { code, timedOut } = await run(node, [...jest, '--json', `--outputFile=${results}`, ...args], options);
    if (timedOut) console.log(`Jest was stopped after ${timeoutMs / 60_000} minutes.`);
    return countResults(JSON.parse(await readFile(results, 'utf8').catch(() => '{}')), code);
  } finally {
    await rm(results, { force: true });
  }
}

/** A file that could not be run counts as one failure, as does a Jest that failed without saying which test did. */
export function countResults(results, code) {
  const passed = results.numPassedTests ?? 0;
  const skipped = (results.numPendingTests ?? 0) + (results.numTodoTests ?? 0);
  const failed = (results.numFailedTests ?? 0) + (results.numRuntimeErrorTestSuites ?? 0);
  return { passed, skipped, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}
