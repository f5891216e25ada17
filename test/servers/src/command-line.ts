import { parseArgs } from 'node:util';
import { serverNames } from './recipes.js';
import { serverKinds, type ServerKind } from './start-server.js';
import { ServersError } from './servers-error.js';

export const apiServerKind = 'kube-apiserver';

/** What can be started: single servers, and the API server together with its etcd. */
export type Startable = ServerKind | typeof apiServerKind;
const startable: readonly Startable[] = [...serverKinds, apiServerKind];

export type Command =
  | { readonly command: 'start'; readonly kinds: readonly Startable[]; readonly json: boolean }
  | { readonly command: 'build'; readonly names: readonly string[] }
  | { readonly command: 'list'; readonly json: boolean };

const usage = `Usage: npm run servers -- <command>

  start NAME... [--json]   builds what is not built, starts, prints the addresses; Ctrl-C stops
                           NAME is one of: ${startable.join(', ')}
  build [NAME...]          builds into the cache: everything, or the programs named
  list [--json]            every server and tool with its version, and whether it is built`;

/** @throws {ServersError} `unknownName` with what would be right */
export function parseCommand(args: readonly string[]): Command {
  const { positionals, json } = parsed(args);
  const [command, ...names] = positionals;
  switch (command) {
    case 'start':
      if (names.length === 0) throw wrong('start wants the name of a server.');
      return { command, kinds: [...new Set(names.map(kindOf))], json };
    case 'build':
      return { command, names: names.length === 0 ? serverNames : names };
    case 'list':
      if (names.length > 0) throw wrong('list takes no names.');
      return { command, json };
    default:
      throw wrong(command === undefined ? 'No command.' : `There is no command ${command}.`);
  }
}

function parsed(args: readonly string[]): { positionals: readonly string[]; json: boolean } {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    return { positionals, json: values.json };
  } catch (cause) {
    throw wrong(`${(cause as Error).message}.`);
  }
}

function kindOf(name: string): Startable {
  const kind = startable.find((candidate) => candidate === name);
  if (kind === undefined) throw wrong(`${name} cannot be started.`);
  return kind;
}

function wrong(what: string): ServersError {
  return new ServersError('unknownName', `${what}\n\n${usage}`);
}

/** Columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd()).join('\n'); // prettier-ignore
}
