import { parseArgs } from 'node:util';
import { orExplain, root } from './process/program.mjs';
import { stopChildrenOnSignals } from './process/children.mjs';
import { alone, buildTensorflow, installTools, setUpContext } from './setup/set-up.mjs';
import { SetUpError } from './setup/set-up-error.mjs';
import { tensorflowVariants } from './setup/tensorflow.mjs';

stopChildrenOnSignals();
await orExplain(async () => {
  const variant = wantedVariant();
  const context = setUpContext({ purpose: 'command', root });
  const { directory, reason } = await alone(context, async () => buildTensorflow(context, await installTools(context), variant));
  if (!directory) throw new SetUpError(reason);
  console.log(`FACEHASH_TFJS_BACKEND=tensorflow\nFACEHASH_TENSORFLOW_DIR=${directory}`);
});

function wantedVariant() {
  const { variant } = parseArgs({ options: { variant: { type: 'string', default: 'cpu' } } }).values;
  if (tensorflowVariants.includes(variant)) return variant;
  throw new SetUpError(`Usage: npm run tensorflow -- [--variant ${tensorflowVariants.join('|')}]`);
}
