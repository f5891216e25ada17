import { createInterface } from 'node:readline/promises';
import { systemClock, systemRandom } from '@facehash/kernel';
import { config, type Defaults } from './config.js';
import { runCli } from './cli.js';

process.exitCode = await runCli(process.argv.slice(2), {
  defaults: configOrExit(),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  bars: process.stderr.isTTY ? process.stderr : undefined,
  ask: process.stdin.isTTY ? askAtTerminal : undefined,
  clock: systemClock,
  random: systemRandom,
});

function configOrExit(): Defaults {
  try {
    return config(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
