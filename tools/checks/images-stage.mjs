import { join } from 'node:path';
import { run } from '../process/children.mjs';
import { oneFailed, onePassed } from './report.mjs';

/** Nine and a half minutes were seen on two busy cores, with the OpenCV addon in the cache, which alone may take ten there. */
const timeoutMs = 40 * 60_000;

/**
 * Builds the images of the programs, and has the tests after it find them.
 * @returns {Promise<import('./report.mjs').Counts>}
 */
export async function buildImages({ root, node, env }) {
  const { code, output } = await run(node, [join(root, 'deploy/images/dist/main.js'), 'build', '--json'], { cwd: root, env, timeoutMs });
  console.log(output.trimEnd());
  const built = output.split('\n').find((line) => line.startsWith('{'));
  if (code !== 0 || built === undefined) return oneFailed;
  env.FACEHASH_IMAGES = built;
  return onePassed;
}
