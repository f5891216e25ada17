import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the ports that systems give to connections (Linux from 32768 on) and Kubernetes to Services (from 30000 on). */
const PORTS = { from: 10_000, to: 30_000 };
const DRAWS_MAX = 100;

/**
 * As many different ports of the loopback interface as asked for, free a moment ago. No connection gets one by chance, neither before a
 * program listens there nor while one that was killed is away; another test may have drawn the same.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: { readonly port: number; readonly server: Server }[] = [];
  try {
    while (held.length < count) held.push(await hold());
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ server }) => closed(server)));
  }
}

/** One of `freePorts`. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('no port');
  return port;
}

async function hold(): Promise<{ readonly port: number; readonly server: Server }> {
  for (let draws = 0; ; draws++) {
    const port = randomInt(PORTS.from, PORTS.to);
    const server = createServer();
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return { port, server };
    } catch (error) {
      if (draws === DRAWS_MAX) throw error;
    }
  }
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
