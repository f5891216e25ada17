import { serverBinaries, type BuildOptions } from './build.js';
import { singleServers } from './definitions.js';
import { launch, type LaunchOptions, type ServerProcess } from './server-process.js';
import { ServersError } from './servers-error.js';
import { type ServerSettings, type SingleServer } from './single-server.js';

export type ServerKind = keyof typeof singleServers;

/** The kinds that `startServer` knows. */
export const serverKinds = Object.keys(singleServers) as readonly ServerKind[];

/** A server given in one of these variables is used as it is: nothing is built, started or stopped. */
export const serverVariables: Readonly<Partial<Record<ServerKind, string>>> = {
  nats: 'FACEHASH_TEST_NATS_URL',
  minio: 'FACEHASH_TEST_S3_URL',
  mongo: 'FACEHASH_TEST_MONGODB_URL',
  etcd: 'FACEHASH_TEST_ETCD_URL',
};

export interface RunningServer extends AsyncDisposable {
  readonly kind: string;
  /** With credentials in it, where there are any: `http://user:password@127.0.0.1:40123`. */
  readonly url: string;
  /** Not there when the server was given by its URL. */
  readonly process?: ServerDetails;
  readonly stop: () => Promise<void>;
}

export interface ServerDetails {
  /** Another one after a restart. */
  readonly pid: number;
  /** Its temporary folder, gone once it is stopped. */
  readonly folder: string;
  /** The end of what it printed. */
  readonly log: () => string;
  /** Resolves when it has ended, to how. */
  readonly ended: Promise<string>;
  /** Ends it by this signal (SIGTERM if none is named) and starts it on the same ports and folder; resolves when it is healthy again. */
  readonly restart: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  /** The two halves of it. */
  readonly end: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
  readonly startAgain: () => Promise<void>;
}

export interface StartOptions extends BuildOptions, ServerSettings {
  readonly startTimeoutMs?: number;
  readonly choosePorts?: LaunchOptions['choosePorts'];
}

/**
 * A real server that answers. It is built first if the cache lacks it, which takes minutes: `npm test` does so in a stage of its own.
 * @throws {ServersError}
 */
export async function startServer(kind: ServerKind, options: StartOptions = {}): Promise<RunningServer> {
  const given = givenServer(kind, options.env ?? process.env);
  if (given !== undefined) return given;
  const server: SingleServer = singleServers[kind](options);
  const { [server.program]: program = '' } = await serverBinaries([server.program], options);
  const running = await launch(server, { ...options, program });
  return {
    kind,
    url: server.url(running.place),
    process: detailsOf(running),
    stop: () => running.stop(),
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

/**
 * The sentence why this machine cannot have this server, whose tests are then skipped; nothing where it can, or where one is given. A server
 * that was not built yet is built.
 */
export async function reasonAgainst(kind: ServerKind, options: StartOptions = {}): Promise<string | undefined> {
  if (givenServer(kind, options.env ?? process.env) !== undefined) return undefined;
  try {
    await serverBinaries([singleServers[kind]().program], options);
    return undefined;
  } catch (error) {
    if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
    throw error;
  }
}

export function detailsOf(running: ServerProcess): ServerDetails {
  return {
    get pid() {
      return running.pid;
    },
    folder: running.place.folder,
    log: () => running.log,
    ended: running.whenEnded(),
    restart: (signal) => running.restart(signal),
    end: (signal) => running.end(signal),
    startAgain: () => running.startAgain(),
  };
}

function givenServer(kind: ServerKind, env: Readonly<Record<string, string | undefined>>): RunningServer | undefined {
  const url = env[serverVariables[kind] ?? ''];
  if (url === undefined || url === '') return undefined;
  const stop = (): Promise<void> => Promise.resolve();
  return { kind, url, stop, [Symbol.asyncDispose]: stop };
}
