import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { jestStage } from './checks/jest-stage.mjs';
import { mark, noLeftovers } from './checks/leftovers.mjs';
import { oneFailed, onePassed, oneSkipped, Report } from './checks/report.mjs';
import { staticChecks } from './checks/static-checks.mjs';
import { run, stopChildrenOnSignals } from './process/children.mjs';
import { root } from './process/program.mjs';
import { buildImages } from './checks/images-stage.mjs';
import {
  alone,
  buildTensorflow,
  compileSources,
  convertNetworks,
  installBrowser,
  installClusterTools,
  installImageTools,
  installTools,
  setUpContext,
} from './setup/set-up.mjs';

const unitTestsTimeoutMs = 25 * 60_000;
/** Everything from an empty cache on two busy cores, by a wide margin. */
const serversTimeoutMs = 60 * 60_000;
const productTestsTimeoutMs = 70 * 60_000;

/** The exit code of `servers build` on a machine without Go. */
const cannotBuildHere = 3;

stopChildrenOnSignals();
const report = new Report();
const context = setUpContext({ purpose: 'test', root, stepsMore: 4 });
const runId = randomUUID();
const tools = {};

const setUpDone = await report.stage('set up', async () => {
  Object.assign(tools, { root }, await alone(context, () => installTools(context)));
  tools.env[mark] = runId;
  return onePassed;
});
if (setUpDone) await everythingElse();
report.print();
process.exit(report.failed ? 1 : 0);

async function everythingElse() {
  const compiled = await report.stage('build', async () => {
    await alone(context, () => compileSources(context, tools));
    return onePassed;
  });
  const converted = await report.stage('neural networks', async () => {
    tools.env.FACEHASH_NETWORKS_DIR = await alone(context, () => convertNetworks(context, tools));
    return onePassed;
  });
  await report.stage('native TensorFlow', nativeTensorflow);
  await report.stage('browser', browser);
  if (compiled) await report.stage('servers', servers);
  await report.stage('local cluster', clusterTools);
  for (const { name, work } of staticChecks(tools)) await report.stage(name, work);
  await report.stage('unit and contract tests', () => jestStage({ ...tools, config: 'jest.config.mjs', timeoutMs: unitTestsTimeoutMs }));
  const productTests = { ...tools, config: 'jest.e2e.config.mjs', timeoutMs: productTestsTimeoutMs };
  if (compiled) await report.stage('images', images);
  else report.skip('images');
  if (compiled && converted) await report.stage('whole-product tests', () => jestStage(productTests));
  else report.skip('whole-product tests'); // they run the compiled programs
  await report.stage('nothing left running', () => noLeftovers(runId));
}

/** Twenty seconds where the cache has none. The product does without, so its absence fails nothing: the tests of it are skipped. */
async function nativeTensorflow() {
  if (tools.env.FACEHASH_TENSORFLOW_DIR) return onePassed; // one that the user wants tested: on CUDA, say
  const { directory, reason } = await buildTensorflow(context, tools, 'cpu');
  if (!directory) {
    context.warn(`The tests of native TensorFlow are not run. ${reason}`);
    return oneSkipped;
  }
  tools.env.FACEHASH_TENSORFLOW_DIR = directory;
  return onePassed;
}

/** Built from source where the cache has none. Where they cannot be (no Go), the tests of them are skipped. */
async function servers() {
  const args = [join(root, 'test/servers/dist/main.js'), 'build'];
  const { code } = await run(tools.node, args, { cwd: root, env: tools.env, timeoutMs: serversTimeoutMs, output: 'inherit' });
  if (code !== cannotBuildHere) return code === 0 ? onePassed : oneFailed;
  context.warn('So the tests that need real servers are not run.');
  return oneSkipped;
}

/** Where they cannot be built, the tests of them are skipped. */
async function images() {
  const missing = await alone(context, () => installImageTools(context));
  if (missing === undefined) return buildImages(tools);
  context.warn(`The images are not built and not tested. ${missing}`);
  return oneSkipped;
}

/** The page is tested in Debian's Chromium. Where there is none, those tests are skipped. */
async function browser() {
  const missing = await alone(context, () => installBrowser(context));
  if (missing === undefined) return onePassed;
  context.warn(`The page is not tested in a browser. ${missing}`);
  return oneSkipped;
}

/** What a Kubernetes of one node needs of the system. Where it cannot be had, the tests in a cluster are skipped, with the reason. */
async function clusterTools() {
  const missing = await alone(context, () => installClusterTools(context));
  if (missing === undefined) return onePassed;
  context.warn(`No local cluster is tested. ${missing}`);
  return oneSkipped;
}
