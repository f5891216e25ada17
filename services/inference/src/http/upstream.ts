import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { FaceHashError } from '@facehash/kernel';
import { isSmall } from './lingering.js';
import { STAND_IN_BYTES_MAX } from './stand-in.js';

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
  /** Takes what comes ahead of the answer. */
  readonly told?: (headers: IncomingHttpHeaders) => void;
  /** Ends the wait for the head of the answer; the call rejects with its reason. */
  readonly cut?: AbortSignal;
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
    const headers = { ...call.headers, ...framing(raw) };
    const upstream = httpRequest({ hostname, port, path: url, method, headers, agent: false, maxHeaderSize: STAND_IN_BYTES_MAX });
    const hungUp = (): void => void upstream.destroy(new FaceHashError('REQUEST_INVALID', { detail: 'the client hung up' }));
    client.once('close', hungUp);
    const { cut } = call;
    const leave = (): void => void upstream.destroy(cut?.reason instanceof Error ? cut.reason : new Error('cut'));
    cut?.addEventListener('abort', leave, { once: true });
    if (cut?.aborted) leave();
    upstream.on('information', ({ headers: told }) => call.told?.(told));
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
    upstream.once('response', (answer) => {
      cut?.removeEventListener('abort', leave);
      resolve(answer);
    });
    upstream.on('error', (error) => {
      client.off('close', hungUp);
      reject(
        error instanceof FaceHashError || (cut?.aborted && error === cut.reason)
          ? error
          : new Unreachable('the pods of the model do not answer', !sending && isRefusal(error), { cause: error }),
      );
    });
    // What nobody takes any more is read and dropped, so that the connection goes on; of what is large, the answer reads as much as it may.
    upstream.once('close', () => {
      client.off('close', hungUp);
      raw.unpipe(upstream);
      if (sending && isSmall(raw)) raw.resume();
    });
  });
}

/**
 * How the end of the body is found, said for this connection: left to itself, Node sends the body of a GET or DELETE without any frame, and
 * what the client wrote into it would be read as the next call.
 */
function framing({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  if (length !== undefined) return { 'content-length': length };
  return coding === undefined ? {} : { 'transfer-encoding': 'chunked' };
}

function send(raw: IncomingMessage, upstream: ClientRequest): void {
  if (Object.keys(framing(raw)).length === 0) upstream.end();
  else raw.pipe(upstream);
}

function isRefusal(error: Error): boolean {
  return 'code' in error && error.code === 'ECONNREFUSED';
}
