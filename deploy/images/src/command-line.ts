import { parseArgs } from 'node:util';
import { ImagesError } from './images-error.js';
import { imageNames, programNames } from './programs.js';

export interface Command {
  readonly command: 'build' | 'sizes';
  readonly names: readonly string[];
  readonly tensorflow: 'cpu' | 'cuda';
  readonly json: boolean;
  /** Folder for archives and values of the chart, as somebody who installs it wants them. */
  readonly forHelm: string | undefined;
}

const usage = `Usage: npm run images -- <command>

  build [NAME...] [--tensorflow cpu|cuda] [--json]   builds archives into the cache and says where they are
                  [--for-helm FOLDER]                puts NAME.tar of each there, and values.json for the chart
  sizes [NAME...]                                    builds as well, and says what fills the unpacked images

NAME is one of: ${imageNames.join(', ')}; without one: ${programNames.join(', ')}`;

/** @throws {ImagesError} `unknownName` with what would be right */
export function parseCommand(args: readonly string[]): Command {
  const { positionals, values } = parsed(args);
  const [command, ...names] = positionals;
  if (command !== 'build' && command !== 'sizes') throw wrong(command === undefined ? 'No command.' : `There is no command ${command}.`);
  const { tensorflow, json, 'for-helm': forHelm } = values;
  if (tensorflow !== 'cpu' && tensorflow !== 'cuda') throw wrong(`There is no TensorFlow for ${tensorflow}.`);
  return { command, names: names.length === 0 ? programNames : names, tensorflow, json, forHelm };
}

function parsed(args: readonly string[]) {
  try {
    const options = {
      tensorflow: { type: 'string', default: 'cpu' },
      json: { type: 'boolean', default: false },
      'for-helm': { type: 'string' },
    } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function wrong(what: string): ImagesError {
  return new ImagesError('unknownName', `${what}\n\n${usage}`);
}
