import type { IncomingHttpHeaders } from 'node:http';

/** Marks a call that one replica handed on to another. */
export const FORWARDED = 'x-facehash-forwarded';

/** RFC 9110, 7.6.1, and what is said anew to whoever is asked: its name, its key, and whether it wants the body. */
const ofThisHop = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'expect', 'authorization'],
];

/** Headers that are meant for the other end and not for the connection that they came on. */
export function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const kept = Object.entries(headers).filter(([name]) => !ofThisHop.includes(name) && !named.includes(name));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
