import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { SetUpError } from './set-up-error.mjs';

/** All of `sun_path`: Node 20 fills a shorter name up with zeros and Node 24 does not, so they would hold two locks of one name. */
const nameLength = 108;
/** Longer than the slowest step that was seen (Kubernetes from source: 25 minutes on two very busy cores), by a wide margin. */
const waitMsMax = 60 * 60_000;

/**
 * Runs `work` while no other process on this machine runs work under the same name.
 *
 * The lock is an abstract Unix socket: the kernel frees the name when its owner ends, however it ends, so there is no stale lock to
 * recognise and to break. Those who wait connect to it and are woken by the connection's end.
 */
export async function withLock(name, work, { onWait, signal } = {}) {
  const path = `\0facehash-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`.padEnd(nameLength, '-');
  const giveUpAt = performance.now() + waitMsMax;
  let release;
  while (!(release = await tryToHold(path))) {
    onWait?.();
    onWait = undefined;
    const leftMs = giveUpAt - performance.now();
    if (leftMs <= 0) throw new SetUpError('Another set-up on this machine has been running for an hour. Stop it and try again.');
    await holderGone(path, [AbortSignal.timeout(Math.ceil(leftMs)), signal]);
    signal?.throwIfAborted();
  }
  try {
    return await work();
  } finally {
    release();
  }
}

async function tryToHold(path) {
  const waiting = new Set();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined).on('close', () => waiting.delete(socket));
  });
  try {
    server.listen({ path });
    await once(server, 'listening');
  } catch (error) {
    if (error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  return () => {
    server.close();
    for (const socket of waiting) socket.destroy();
  };
}

async function holderGone(path, signals) {
  const socket = connect({ path });
  try {
    await once(socket, 'close', { signal: AbortSignal.any(signals.filter(Boolean)) });
  } catch {
    // Refused: it let go between our two calls. Timed out: the caller notices. In both cases the next try tells.
  } finally {
    socket.destroy();
  }
}
