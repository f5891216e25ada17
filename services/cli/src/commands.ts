import { Command, Option } from 'commander';
import { applyFile, createModel } from './apply.js';
import type { CliContext, GlobalOptions } from './context.js';
import { deleteModel } from './delete.js';
import { durationMs } from './duration.js';
import { enrol } from './enrol.js';
import { rotateKey } from './keys.js';
import { listModels } from './list.js';
import { recognize } from './recognize.js';
import { reportOf } from './report.js';
import { showModel } from './show.js';
import { exportTo, importFrom } from './transfer.js';

/** Lines of help are this wide everywhere, so that the reference of the documents is what a terminal shows. */
const HELP_WIDTH = 100;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface ServerFlags {
  readonly url: string;
  readonly key?: string;
  readonly model?: string;
}

/** Every command. `exit` takes the exit code of a command that answered and still did not reach what it was asked for. */
export function commandLine(context: CliContext, exit: (code: number) => void): Command {
  const program = new Command('facehash')
    .description('Face models on one machine: the same resources as in the cluster')
    .option('--data-dir <folder>', 'where this machine keeps its models', context.defaults.dataDir)
    .option('--json', 'print JSON for programs')
    .configureHelp({ helpWidth: HELP_WIDTH })
    .configureOutput({ writeOut: context.write, writeErr: context.complain })
    .exitOverride();
  const options = (): GlobalOptions => program.opts<{ dataDir: string; json?: true }>();
  addApply(program, options, context);
  const model = program.command('model').description('look after models, beside a running server or without one');
  addModelReading(model, options, context);
  addModelChanges(model, options, context);
  addServerCommands(program, options, { context, exit });
  addTransfer(program, options, context);
  return program;
}

type Options = () => GlobalOptions;

function addApply(program: Command, options: Options, context: CliContext): void {
  program
    .command('apply')
    .description('create or change the FaceModels of a YAML file')
    .requiredOption('-f, --file <file>', 'YAML with one or more FaceModels')
    .action(async ({ file }: { file: string }) => context.write(await applyFile(file, options(), context)));
}

function addModelReading(model: Command, options: Options, context: CliContext): void {
  model
    .command('list')
    .description('every model and what it is doing')
    .action(async () => context.write(await listModels(options())));
  model
    .command('show')
    .description('all that is known of a model, but its key')
    .argument('<name>', 'of the model')
    .action(async (name: string) => context.write(await showModel(name, options())));
  model
    .command('report')
    .description('how good the version that answers is: an HTML page, or JSON with --json')
    .argument('<name>', 'of the model')
    .option('--run <run>', 'of the version that this run made, also where the gate refused it')
    .action(async (name: string, { run }: { run?: string }) =>
      context.write(await reportOf({ name, ...(run === undefined ? {} : { run }) }, options(), context)),
    );
}

function addModelChanges(model: Command, options: Options, context: CliContext): void {
  model
    .command('create')
    .description('make a model with everything by default; its key goes into a file that only you read')
    .argument('<name>', 'lower-case letters, digits and hyphens, at most 40')
    .action(async (name: string) => context.write(await createModel(name, options(), context)));
  model
    .command('rotate-key')
    .description('give a model another key; a running server takes it over within a second')
    .argument('<name>', 'of the model')
    .addOption(
      new Option('--grace <time>', 'how long the old key stays valid: 90s, 15m, 24h, 7d').argParser(durationMs).default(DAY_MS, '24h'),
    )
    .addOption(new Option('--now', 'revoke the old key at once').conflicts('grace'))
    .action(async (name: string, { grace, now }: { grace: number; now?: true }) =>
      context.write(await rotateKey(name, { ...options(), graceMs: now ? 0 : grace }, context)),
    );
  model
    .command('delete')
    .description('delete a model: its key is refused at once, its people, photos and versions are erased for good')
    .argument('<name>', 'of the model')
    .option('--yes', 'do not ask')
    .action(async (name: string, wish: { yes?: true }) => context.write(await deleteModel(name, { ...options(), ...wish }, context)));
}

function addServerCommands(
  program: Command,
  options: Options,
  { context, exit }: { readonly context: CliContext; readonly exit: (code: number) => void },
): void {
  const asks = (command: Command): Command =>
    command
      .option('--url <address>', 'of the server', context.defaults.url)
      .option('--model <name>', 'whose key is read from the data folder; without it FACEHASH_API_KEY counts, and then the model default')
      .option('--key <key>', 'an API key; others may see what stands in a command: FACEHASH_API_KEY keeps it to yourself');
  asks(program.command('enrol'))
    .description('send photos of somebody to a server and wait for the version that knows them')
    .argument('<name>', 'of the person')
    .argument('<photos...>', 'files, or folders with images')
    .addOption(new Option('--wait <time>', 'how long to wait for the version, in all').argParser(durationMs).default(HOUR_MS, '1h'))
    .action(async (name: string, photos: string[], { wait, ...flags }: ServerFlags & { wait: number }) =>
      exit(await enrol({ name, paths: photos }, { ...options(), ...flags, waitMs: wait }, context)),
    );
  asks(program.command('recognize'))
    .description('ask a server who is on photos: a table, or a line of JSON for each photo with --json')
    .argument('<photos...>', 'files, or folders with images')
    .action(async (photos: string[], flags: ServerFlags) => exit(await recognize(photos, { ...options(), ...flags }, context)));
}

function addTransfer(program: Command, options: Options, context: CliContext): void {
  program
    .command('export')
    .description('write a model with people, photos and versions into a tar; never a key, and nobody who was erased')
    .argument('<model>', 'its name')
    .argument('<file>', 'the tar, which must not be there yet')
    .action(async (name: string, file: string) => context.write(await exportTo({ file, name }, options(), context)));
  program
    .command('import')
    .description('take a model in from such a tar: it gets a new key and answers with the same version, without training')
    .argument('<file>', 'the tar')
    .option('--name <name>', 'another name than it had')
    .action(async (file: string, wish: { name?: string }) => context.write(await importFrom(file, { ...options(), ...wish }, context)));
}
