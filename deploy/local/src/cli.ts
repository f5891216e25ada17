import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Defaults } from './config.js';
import { down, load, status, up } from './commands.js';
import { keep } from './keeper.js';

export interface CliContext {
  readonly defaults: Defaults;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

interface StateOption {
  readonly state: string;
}

/** Runs one command; resolves to the exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let code = 0;
  const program = commands(context, (result) => (code = result));
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    context.complain(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

function commands(context: CliContext, exitWith: (code: number) => void): Command {
  const program = new Command('npm run cluster --')
    .description('A Kubernetes of one node, in namespaces of its own, from what was built of pinned source.')
    .exitOverride()
    .configureOutput({ writeOut: context.write, writeErr: context.complain });
  // Commander hands exitOverride and the output on to commands that are made by it.
  const withState = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .option('--state <folder>', 'where the cluster keeps its state', absolute, context.defaults.stateDir);
  withState('up', 'starts the cluster and leaves it running')
    .option('--gpus <count>', 'how many nvidia.com/gpu the node says that it has', count, 1)
    .action((options: StateOption & { gpus: number }) => up(options, context));
  withState('load', 'makes images known to the node')
    .argument('<archive...>', 'archives as `docker save` or `buildah push` write them')
    .action((archives: string[], options: StateOption) => load(archives, options));
  withState('down', 'ends the cluster and removes what it made').action((options: StateOption) => down(options, context));
  withState('status', 'says whether a cluster runs: exit code 0, or 3').action(async (options: StateOption) => {
    exitWith((await status(options, context)) ? 0 : 3);
  });
  program
    .command('keep', { hidden: true })
    .requiredOption('--state <folder>', '', absolute)
    .option('--gpus <count>', '', count, 1)
    .action((options: StateOption & { gpus: number }) => keep(options));
  return program;
}

/** Programs that are told of it have other working directories, and take a relative address for one on the network. */
function absolute(path: string): string {
  return resolve(path);
}

function count(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('Not a number from 0 to 999.');
  return Number(text);
}
