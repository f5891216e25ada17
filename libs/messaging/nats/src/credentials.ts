import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credsAuthenticator, usernamePasswordAuthenticator, type Authenticator } from '@nats-io/transport-node';

export type NatsAuth =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A mounted Secret of type kubernetes.io/basic-auth: files `username` and `password`. */
  | { readonly kind: 'password-folder'; readonly path: string }
  /** A JWT and its seed, as NATS' own tools write them. */
  | { readonly kind: 'creds-file'; readonly path: string };

export interface Addresses {
  /** `host:port`, without anything that is secret. */
  readonly hosts: readonly string[];
  readonly tls: boolean;
  /** What stood in an URL: `nats://user:password@host:4222`. */
  readonly auth: NatsAuth | undefined;
}

/** Throws a TypeError without the address in it, which may hold a password, for what is none. */
export function parseAddresses(servers: readonly string[]): Addresses {
  const urls = servers.map((server) => {
    const url = URL.parse(server);
    if (!url || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
      throw new TypeError('a server of NATS is given as nats://host:4222 or tls://host:4222');
    }
    return url;
  });
  if (urls.length === 0) throw new TypeError('no server of NATS is given');
  const named = urls.find(({ username }) => username !== '');
  return {
    hosts: urls.map(({ hostname, port }) => `${hostname}:${port || '4222'}`),
    tls: urls.some(({ protocol }) => protocol === 'tls:'),
    auth: named && { kind: 'password', username: decodeURIComponent(named.username), password: decodeURIComponent(named.password) },
  };
}

/** Read anew for each connection, so that what was rotated holds from the next one on. */
export async function authenticatorOf(auth: NatsAuth | undefined): Promise<Authenticator | undefined> {
  switch (auth?.kind) {
    case undefined:
      return undefined;
    case 'password':
      return usernamePasswordAuthenticator(auth.username, auth.password);
    case 'password-folder': {
      const [username, password] = await Promise.all(['username', 'password'].map((name) => readFile(join(auth.path, name), 'utf8')));
      return usernamePasswordAuthenticator((username ?? '').trimEnd(), (password ?? '').trimEnd());
    }
    case 'creds-file':
      return credsAuthenticator(new Uint8Array(await readFile(auth.path)));
  }
}
