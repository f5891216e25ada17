import { readFile, writeFile } from 'node:fs/promises';
import { systemClock, systemRandom } from '@facehash/kernel';
import type { Command } from 'commander';
import { commandLine } from './commands.js';
import { config } from './config.js';

const document = new URL('../../../docs/cli.md', import.meta.url);
const MARK = '<!-- generated from the commands: UPDATE_CLI_REFERENCE=1 writes it -->\n';

/** What --help prints of a command and of all below it. */
function help(command: Command, path: string): string {
  const own = `\n## ${path}\n\n\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\`\n`;
  return own + command.commands.map((below) => help(below, `${path} ${below.name()}`)).join('');
}

describe('the reference of the command line', () => {
  it('is what the commands say of themselves', async () => {
    const context = { defaults: config({}), bars: undefined, ask: undefined, clock: systemClock, random: systemRandom };
    const program = commandLine({ ...context, write: () => undefined, complain: () => undefined }, () => undefined);
    const [head = '', reference] = (await readFile(document, 'utf8')).split(MARK);
    const generated = help(program, 'facehash');
    if (process.env['UPDATE_CLI_REFERENCE'] === '1') await writeFile(document, head + MARK + generated);
    else expect(reference).toBe(generated);
  });
});
