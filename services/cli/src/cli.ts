import { CommanderError } from 'commander';
import { asFaceHashError } from '@facehash/kernel';
import { commandLine } from './commands.js';
import { CommandFailed, type CliContext } from './context.js';

/** Runs one command line. Gives the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  let exitCode = 0;
  const program = commandLine(context, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (thrown instanceof CommandFailed) {
      context.complain(`facehash: ${thrown.message}\n`);
      return thrown.exitCode;
    }
    const error = asFaceHashError(thrown);
    context.complain(`facehash: ${error.message} (${error.code})\n${faults(error.details)}`);
    return 1;
  }
}

/** `problems` is the one detail that is meant for the person at the keyboard. */
function faults(details: Readonly<Record<string, unknown>>): string {
  const { problems } = details;
  if (!Array.isArray(problems)) return '';
  return problems.map((p: { path?: string; message?: string }) => `  ${p.path ?? ''}: ${p.message ?? ''}\n`).join('');
}
