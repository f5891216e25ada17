import { kubeconfigVariable, startApiServer } from './api-server.js';
import { listServers, serverBinaries } from './build.js';
import { apiServerKind, parseCommand, table, type Startable } from './command-line.js';
import { ServersError } from './servers-error.js';
import { serverVariables, startServer, type RunningServer } from './start-server.js';

/** `npm test` skips what needs servers when this machine cannot build them, and fails when a build fails. */
const EXIT_CODES = { cannotBuildHere: 3, unknownName: 2, buildFailed: 1, didNotStart: 1 } as const;

interface Started {
  readonly server: RunningServer;
  /** What a test that is to use this server wants in its environment. */
  readonly variable?: string;
}

const stopping = new AbortController();
// Not once: a Ctrl-C may come from the terminal, from npm and from the launcher, and the second would kill us while we stop.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopping.abort());

try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof ServersError ? error.message : error);
    process.exitCode = error instanceof ServersError ? EXIT_CODES[error.code] : 1;
  }
} finally {
  stopping.abort(); // who waits for the end of something waits no longer
}

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  switch (command.command) {
    case 'start':
      return start(command.kinds, command.json);
    case 'build':
      await serverBinaries(command.names, { onProgress: say, signal: stopping.signal });
      return;
    case 'list': {
      const states = await listServers();
      const rows = states.map(({ name, version, built }) => [name, version, built ? 'built' : '-']);
      console.log(command.json ? JSON.stringify(states) : table([['name', 'version', 'in the cache'], ...rows]));
    }
  }
}

async function start(kinds: readonly Startable[], json: boolean): Promise<void> {
  await using servers = new AsyncDisposableStack();
  const started: Started[] = [];
  for (const kind of kinds) {
    const one = await startOne(kind);
    servers.use(one.server);
    started.push(one);
  }
  console.log(json ? JSON.stringify({ servers: started.map(described) }) : readable(started));
  await Promise.race([untilStopped(), ...started.map(untilEnded)]);
}

async function startOne(kind: Startable): Promise<Started> {
  const options = { onProgress: say, signal: stopping.signal };
  if (kind === apiServerKind) {
    const server = await startApiServer(options);
    return { server, variable: `${kubeconfigVariable}=${server.kubeconfig}` };
  }
  const server = await startServer(kind, options);
  const name = serverVariables[kind];
  return name === undefined ? { server } : { server, variable: `${name}=${server.url}` };
}

function described({ server: { kind, url, process }, variable }: Started): Readonly<Record<string, unknown>> {
  return { kind, url, variable, pid: process?.pid, folder: process?.folder };
}

function readable(started: readonly Started[]): string {
  const rows = started.map(({ server: { kind, url, process } }) => [kind, url, process?.folder ?? '(given, not started here)']);
  const variables = started.flatMap(({ variable }) => (variable === undefined ? [] : [`  export ${variable}`]));
  const hint = variables.length === 0 ? [] : ['', 'For tests, and for whatever else is to use them:', ...variables];
  return [table([['server', 'address', 'folder'], ...rows]), ...hint, '', 'Ctrl-C stops them; their data goes with them.'].join('\n');
}

function untilStopped(): Promise<void> {
  // A listener for signals keeps no process alive, and servers that were given are no children that would.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise<void>((resolve) => stopping.signal.addEventListener('abort', () => resolve(), { once: true })).finally(() =>
    clearInterval(alive),
  );
}

/** A server that goes by itself takes the others with it, and says why. */
async function untilEnded({ server }: Started): Promise<void> {
  if (server.process === undefined) return untilStopped();
  const how = await server.process.ended;
  if (stopping.signal.aborted) return;
  throw new ServersError('didNotStart', `${server.kind} ${how}. The end of its log:\n${server.process.log()}`);
}

function say(line: string): void {
  console.error(`      ${line}`);
}
