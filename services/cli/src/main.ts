import { createInterface } from 'node:readline/promises';
import { systemClock, systemRandom } from '@facehash/kernel';
import { config } from './config.js';
import { runCli } from './cli.js';

process.exitCode = await runCli(process.argv.slice(2), {
  defaults: config(process.env),
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  bars: process.stderr.isTTY ? process.stderr : undefined,
  ask: process.stdin.isTTY ? askAtTerminal : undefined,
  clock: systemClock,
  random: systemRandom,
});

async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
