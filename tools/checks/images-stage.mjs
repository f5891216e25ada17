import { join } from 'node:path';
import { run } from '../process/children.mjs';
import { oneFailed, onePassed } from './report.mjs';

/** Nine and a half minutes were seen on two busy cores, with the OpenCV addon in the cache, which alone may take ten there. */
const timeoutMs = 40 * 60_000;
/** The exit code of a build that this machine has not the tools for. */
const cannotBuildHere = 3;
/** What a cluster's evaluation mode runs beside our own programs. */
const ofServers = ['minio', 'nats', 'ferretdb', 'traefik'];

/**
 * Builds the images of our programs, and those of servers where Go builds these, and has the tests after it find them.
 * @returns {Promise<import('./report.mjs').Counts>}
 */
export async function buildImages(tools) {
  const programs = await build(tools, []);
  const servers = programs && (await build(tools, ofServers));
  if (!servers) return oneFailed;
  tools.env.FACEHASH_IMAGES = JSON.stringify({ ...programs, ...servers });
  return onePassed;
}

/** Resolves to the images that were built, by name: to none where they cannot be, and to nothing where a build failed. */
async function build({ root, node, env }, names) {
  const args = [join(root, 'deploy/images/dist/main.js'), 'build', '--json', ...names];
  const { code, output } = await run(node, args, { cwd: root, env, timeoutMs });
  console.log(output.trimEnd());
  if (code === cannotBuildHere) return {};
  const built = output.split('\n').find((line) => line.startsWith('{'));
  return code === 0 && built !== undefined ? JSON.parse(built) : undefined;
}
