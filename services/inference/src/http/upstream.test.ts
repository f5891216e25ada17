import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { askUpstream } from './upstream.js';

/** Two servers of which the first asks the second for everything, until it has been silent for so long. */
async function silentPods(idleMs: number): Promise<unknown> {
  await using pods = await listening(createServer(() => undefined));
  const failed = Promise.withResolvers<unknown>();
  await using door = await listening(
    createServer((request, response) => {
      askUpstream(request, response, { route: pods.url, headers: {}, idleMs }).catch((error: unknown) => {
        response.end();
        failed.resolve(error);
      });
    }),
  );
  await fetch(door.url, { method: 'POST', body: 'x' });
  return await failed.promise;
}

async function listening(server: ReturnType<typeof createServer>) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  return { url, [Symbol.asyncDispose]: dispose };
}

describe('a call that was handed on', () => {
  it('is given up where nothing moves for too long', async () => {
    expect(await silentPods(50)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });
});
