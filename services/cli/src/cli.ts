import { Command, CommanderError } from 'commander';
import { asFaceHashError } from '@facehash/kernel';
import { applyFile, createModel } from './apply.js';
import { listModels } from './list.js';
import { reportOf } from './report.js';

export interface CliContext {
  readonly defaultDataDir: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

export interface GlobalOptions {
  readonly dataDir: string;
  readonly json?: true;
}

/** Runs one command line. Gives the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const program = commandLine(context);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const error = asFaceHashError(thrown);
    context.complain(`facehash: ${error.message} (${error.code})\n${faults(error.details)}`);
    return 1;
  }
}

function commandLine(context: CliContext): Command {
  const program = new Command('facehash')
    .description('Face models on one machine: the same resources as in the cluster')
    .option('--data-dir <folder>', 'where this machine keeps its models', context.defaultDataDir)
    .option('--json', 'print JSON for programs')
    .exitOverride()
    .configureOutput({ writeOut: context.write, writeErr: context.complain });
  const options = (): GlobalOptions => program.opts<{ dataDir: string; json?: true }>();
  program
    .command('apply')
    .description('create or change the FaceModels of a YAML file')
    .requiredOption('-f, --file <file>', 'YAML with one or more FaceModels')
    .action(async ({ file }: { file: string }) => context.write(await applyFile(file, options())));
  const model = program.command('model').description('look after models');
  model
    .command('create <name>')
    .description('make a model with everything by default')
    .action(async (name: string) => context.write(await createModel(name, options())));
  model
    .command('list')
    .description('every model and what it is doing')
    .action(async () => context.write(await listModels(options())));
  model
    .command('report <name>')
    .description('how good the version that answers is: an HTML page, or JSON with --json')
    .option('--run <run>', 'of the version that this run made, also where the gate refused it')
    .action(async (name: string, { run }: { run?: string }) =>
      context.write(await reportOf({ name, ...(run === undefined ? {} : { run }) }, options())),
    );
  return program;
}

/** `problems` is the one detail that is meant for the person at the keyboard. */
function faults(details: Readonly<Record<string, unknown>>): string {
  const { problems } = details;
  if (!Array.isArray(problems)) return '';
  return problems.map((p: { path?: string; message?: string }) => `  ${p.path ?? ''}: ${p.message ?? ''}\n`).join('');
}
