import { alone, installImageTools, setUpContext } from './setup/set-up.mjs';
import { SetUpError } from './setup/set-up-error.mjs';
import { orExplain, root, runProgram } from './process/program.mjs';

const context = setUpContext({ purpose: 'command', root, quiet: true, stepsMore: 1 });
await orExplain(async () => {
  const missing = await alone(context, () => installImageTools(context));
  if (missing !== undefined) throw new SetUpError(missing);
});
await runProgram({
  program: 'deploy/images/dist/main.js',
  purpose: 'command',
  projects: ['deploy/images'],
  args: process.argv.slice(2),
  quiet: true,
});
