import { onePassed, Report } from './checks/report.mjs';
import { staticChecks } from './checks/static-checks.mjs';
import { stopChildrenOnSignals } from './process/children.mjs';
import { root } from './process/program.mjs';
import { alone, compileSources, installTools, setUpContext } from './setup/set-up.mjs';

// What can be said about the sources without running them: the quick half of `npm test`.
stopChildrenOnSignals();
const report = new Report();
const context = setUpContext({ purpose: 'test', root, quiet: true });
const tools = {};

const setUpDone = await report.stage('set up', async () => {
  Object.assign(tools, { root }, await alone(context, () => installTools(context)));
  return onePassed;
});
if (setUpDone) {
  await report.stage('build', async () => {
    await alone(context, () => compileSources(context, tools));
    return onePassed;
  });
  for (const { name, work } of staticChecks(tools)) await report.stage(name, work);
}
report.print();
process.exit(report.failed ? 1 : 0);
