import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { FaceHashError } from '@facehash/kernel';

/** For a connection within a cluster. */
const CONNECT_MS = 2000;

/** Nobody answered. `refused`: nobody listened, and nothing of the call was sent. */
export class Unreachable extends Error {
  constructor(
    message: string,
    readonly refused: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface UpstreamCall {
  /** `http://host:port` */
  readonly route: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Without a byte in either direction. */
  readonly idleMs: number;
}

/**
 * Sends a call on as it comes in, on a connection of its own: calls spread over the pods behind an address, and no connection is found closed
 * with half a body sent. Resolves with the head of the answer, whose body is still to come. Rejects with `Unreachable`, with DEADLINE_EXCEEDED,
 * and with REQUEST_INVALID when the client hung up.
 */
export function askUpstream(raw: IncomingMessage, client: ServerResponse, call: UpstreamCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, url } = raw;
    const { hostname, port } = new URL(call.route);
    // The path as it came: joined by a parser, `//elsewhere/` would name another host.
    const upstream = httpRequest({ hostname, port, path: url, method, headers: call.headers, agent: false });
    const hungUp = (): void => void upstream.destroy(new FaceHashError('REQUEST_INVALID', { detail: 'the client hung up' }));
    client.once('close', hungUp);
    let sending = false;
    upstream.once('socket', (socket) => {
      const late = setTimeout(() => upstream.destroy(new Error('no connection in time')), CONNECT_MS);
      socket.once('close', () => clearTimeout(late));
      socket.once('connect', () => {
        clearTimeout(late);
        sending = true;
        send(raw, upstream);
      });
    });
    upstream.setTimeout(call.idleMs, () => upstream.destroy(new FaceHashError('DEADLINE_EXCEEDED', { idleMs: call.idleMs })));
    upstream.once('response', resolve);
    upstream.on('error', (error) => {
      client.off('close', hungUp);
      reject(
        error instanceof FaceHashError
          ? error
          : new Unreachable('the pods of the model do not answer', !sending && isRefusal(error), { cause: error }),
      );
    });
    // What nobody takes any more is read and dropped, so that the client gets to read its answer.
    upstream.once('close', () => {
      client.off('close', hungUp);
      raw.unpipe(upstream);
      if (sending) raw.resume();
    });
  });
}

function send(raw: IncomingMessage, upstream: ClientRequest): void {
  const { 'content-length': length, 'transfer-encoding': coding } = raw.headers;
  if (length === undefined && coding === undefined) upstream.end();
  else raw.pipe(upstream);
}

function isRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED';
}
