import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { startRelay, type RunningRelay } from './relay.js';

/** A server behind two relays, as the cluster's are: a port, a Unix socket between, and a port again. */
async function twoRelays(answer: (socket: Socket) => void) {
  const folder = await temporaryFolder();
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const path = join(folder.path, 'api.sock');
  const inner = await startRelay({ path }, { host: '127.0.0.1', port });
  const outer = await startRelay({ host: '127.0.0.1', port: 0 }, { path });
  return {
    inner,
    outer,
    accepted,
    connect: (options?: { allowHalfOpen: boolean }) =>
      createConnection({ host: '127.0.0.1', port: outer.port, ...options }).on('error', () => undefined),
    async [Symbol.asyncDispose]() {
      await outer.close();
      await inner.close();
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function bytesUntilEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Whether by an end or by an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

async function untilIdle(...relays: readonly RunningRelay[]): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (relays.every((relay) => relay.connections === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`connections are left: ${relays.map((relay) => relay.connections).join(', ')}`);
}

describe('a relay', () => {
  it('passes many megabytes both ways, and the end of one direction alone', async () => {
    await using relays = await twoRelays((socket) => void socket.pipe(socket));
    const sent = Buffer.alloc(8 * 1024 * 1024, 'face');
    const socket = relays.connect({ allowHalfOpen: true });
    socket.end(sent);
    expect((await bytesUntilEnd(socket)).equals(sent)).toBe(true);
    await untilIdle(relays.inner, relays.outer);
  });

  it('lets an answer end only after the question has', async () => {
    await using relays = await twoRelays((socket) => {
      socket.resume().on('end', () => socket.end('heard you to the end'));
    });
    const socket = relays.connect({ allowHalfOpen: true });
    socket.end('a question');
    expect((await bytesUntilEnd(socket)).toString()).toBe('heard you to the end');
  });

  it('holds a fast writer back where the reader is slow', async () => {
    await using relays = await twoRelays((socket) => socket.pause());
    const socket = relays.connect();
    const piece = Buffer.alloc(1024 * 1024);
    let written = 0;
    // Everything between writer and reader is bounded: the buffers of three sockets on either side of two pipes.
    while (written < 64 && socket.write(piece)) written++;
    let drained = 0;
    socket.on('drain', () => {
      if (drained++ < 64) socket.write(piece);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(drained).toBeLessThan(64);
    socket.destroy();
    relays.accepted[0]?.destroy();
    await untilIdle(relays.inner, relays.outer);
  });

  it('breaks the connection of a client when the server breaks its own, and keeps none', async () => {
    await using relays = await twoRelays((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const socket = relays.connect();
    socket.write('a question');
    await closed(socket.resume());
    await untilIdle(relays.inner, relays.outer);
  });

  it('breaks the connection of a client where nobody listens behind', async () => {
    const relay = await startRelay({ host: '127.0.0.1', port: 0 }, { path: '/nonexistent/api.sock' });
    const socket = createConnection({ host: '127.0.0.1', port: relay.port }).on('error', () => undefined);
    await closed(socket.resume());
    await untilIdle(relay);
    await relay.close();
  });

  it('ends what is under way when it is closed', async () => {
    await using relays = await twoRelays((socket) => {
      socket.on('end', () => socket.end()).resume();
      socket.write('hello');
    });
    const socket = relays.connect();
    await once(socket, 'data');
    await relays.outer.close();
    await closed(socket.resume());
    await untilIdle(relays.inner, relays.outer);
  });
});
