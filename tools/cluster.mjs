import { join } from 'node:path';
import { run, stopChildrenOnSignals } from './process/children.mjs';
import { orExplain, root } from './process/program.mjs';
import { alone, compileSources, installClusterTools, installTools, setUpContext } from './setup/set-up.mjs';

stopChildrenOnSignals();
const { node, env } = await orExplain(async () => {
  const context = setUpContext({ purpose: 'command', root, projects: ['deploy/local'], quiet: true, stepsMore: 1 });
  return alone(context, async () => {
    const tools = await installTools(context);
    const missing = await installClusterTools(context);
    if (missing !== undefined) context.warn(missing); // the program tries, and says what it cannot do without
    await compileSources(context, tools);
    return tools;
  });
});
const program = [join(root, 'deploy/local/dist/main.js'), ...process.argv.slice(2)];
const { code } = await run(node, program, { env, output: 'inherit', decidesItsEnd: true });
process.exit(code);
