import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** Where connections go: a Unix socket or a port. */
export type Target = { readonly path: string } | { readonly host: string; readonly port: number };
/** Where they come from; port 0 is a free one. */
export type Source = Target;

/** A listener that hands every connection on to a target. */
export interface RunningRelay {
  /** 0 for a Unix socket. */
  readonly port: number;
  /** Connections under way. */
  readonly connections: number;
  /** Ends what is under way, too. */
  close(): Promise<void>;
}

/** One side of a connection that is handed on. */
interface End {
  readonly socket: Socket;
  readonly at: Target;
}

const connectTimeoutMs = 10_000;
/** As long as the ingress controller waits for a slow client. */
const halfOpenIdleMs = 15 * 60_000;

/**
 * Listens at `source` and passes bytes both ways: each direction at the speed of its reader, the end of one direction as the end of that
 * direction alone, and an error of either side as the end of both.
 */
export async function startRelay(source: Source, target: Target): Promise<RunningRelay> {
  const ends = new Set<End>();
  const remember = (socket: Socket, at: Target): End => {
    const end = { socket, at };
    ends.add(end);
    socket.once('close', () => ends.delete(end));
    return end;
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = createConnection({ ...target, allowHalfOpen: true, noDelay: true });
    void join(remember(client, source), remember(upstream, target));
  });
  await listen(server, source);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    get connections() {
      return Math.ceil(ends.size / 2);
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const end of ends) breakOff(end);
      await closed;
    },
  };
}

async function listen(server: Server, source: Source): Promise<void> {
  // A socket file outlives the process that made it.
  if ('path' in source) await rm(source.path, { force: true });
  server.listen(source);
  await once(server, 'listening');
  if ('path' in source) await chmod(source.path, 0o600);
}

async function join(client: End, upstream: End): Promise<void> {
  const tooLate = setTimeout(() => upstream.socket.destroy(new Error('no connection in time')), connectTimeoutMs);
  upstream.socket.once('connect', () => clearTimeout(tooLate));
  try {
    await Promise.all([pass(client.socket, upstream.socket), pass(upstream.socket, client.socket)]);
  } catch {
    // A broken connection is told to the other side by breaking that one: nobody else could do anything about it.
    breakOff(client);
    breakOff(upstream);
  } finally {
    clearTimeout(tooLate);
  }
}

/** A Unix socket that was closed looks like one whose peer has just nothing more to say, so what is left of the other half is watched. */
async function pass(from: Socket, to: Socket): Promise<void> {
  await pipeline(from, to, { end: true });
  from.setTimeout(halfOpenIdleMs, () => from.destroy(new Error('half of it is open, and nothing is said')));
}

/** With a reset where there is such a thing: an ordinary end would look like that of an answer. */
function breakOff({ socket, at }: End): void {
  if ('path' in at) socket.destroy();
  else socket.resetAndDestroy();
}
