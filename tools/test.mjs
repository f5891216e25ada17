import { randomUUID } from 'node:crypto';
import { jestStage } from './checks/jest-stage.mjs';
import { mark, noLeftovers } from './checks/leftovers.mjs';
import { onePassed, Report } from './checks/report.mjs';
import { staticChecks } from './checks/static-checks.mjs';
import { stopChildrenOnSignals } from './process/children.mjs';
import { root } from './process/program.mjs';
import { alone, compileSources, convertNetworks, installTools, setUpContext } from './setup/set-up.mjs';

const unitTestsTimeoutMs = 10 * 60_000;
const productTestsTimeoutMs = 20 * 60_000;

stopChildrenOnSignals();
const report = new Report();
const context = setUpContext({ purpose: 'test', root });
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
  for (const { name, work } of staticChecks(tools)) await report.stage(name, work);
  await report.stage('unit and contract tests', () => jestStage({ ...tools, config: 'jest.config.mjs', timeoutMs: unitTestsTimeoutMs }));
  const productTests = { ...tools, config: 'jest.e2e.config.mjs', timeoutMs: productTestsTimeoutMs };
  if (compiled && converted) await report.stage('whole-product tests', () => jestStage(productTests));
  else report.skip('whole-product tests'); // they run the compiled programs
  await report.stage('nothing left running', () => noLeftovers(runId));
}
