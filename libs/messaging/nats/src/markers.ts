import type { MsgHdrs } from '@nats-io/nats-core';

/** What clients of NATS write in place of a deleted key. */
export const operation = 'KV-Operation';
/** What the server writes in place of a key that came of age. */
const reason = 'Nats-Marker-Reason';

/** Deleted by somebody, or by the server because of its age. */
export function isDeletion(header: MsgHdrs | undefined): boolean {
  return header !== undefined && (header.has(operation) || header.has(reason));
}
