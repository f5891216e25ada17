const OP_MSG = 2013;
const WRITES = ['insert', 'update', 'delete', 'findAndModify'];
/** Of the registry's rows, not of its schema. */
const ROWS = ['people', 'photos', 'counters'];

export interface Command {
  readonly name: string;
  /** The collection. */
  readonly of: string;
  readonly id: number;
}

/** The command that a chunk on its way to a server begins with, if it is one: after header and flags comes a document, whose first field tells. */
export function commandIn(chunk: Buffer): Command | undefined {
  const nameAt = 16 + 4 + 1 + 4 + 1;
  if (chunk.length < nameAt || chunk.readInt32LE(12) !== OP_MSG) return undefined;
  const nameEnd = chunk.indexOf(0, nameAt);
  const of = chunk.subarray(nameEnd + 5, chunk.indexOf(0, nameEnd + 5)).toString();
  return { name: chunk.subarray(nameAt, nameEnd).toString(), of, id: chunk.readInt32LE(4) };
}

export function isOnRows(command: Command | undefined): command is Command {
  return command !== undefined && ROWS.includes(command.of);
}

export function isWrite(command: Command | undefined): command is Command {
  return isOnRows(command) && WRITES.includes(command.name);
}

/** The id of the command that a chunk on its way from a server answers. */
export function answeredIn(chunk: Buffer): number | undefined {
  return chunk.length < 16 ? undefined : chunk.readInt32LE(8);
}

/** The server's URL with the proxy before it. Without a look for others of its set, to whom the driver would go directly. */
export function through(url: string, port: number): string {
  const { username, password, pathname } = new URL(url);
  const credentials = username === '' ? '' : `${username}:${password}@`;
  return `mongodb://${credentials}127.0.0.1:${port}${pathname === '' ? '/' : pathname}?directConnection=true`;
}

export function portOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port === '' ? 27017 : port) };
}
