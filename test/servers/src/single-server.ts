import { randomBytes } from 'node:crypto';
import { type Place, type ServerDefinition } from './server-process.js';

export interface MinioSettings {
  /** Buckets are found as `<bucket>.<domain>`, too. */
  readonly domain?: string;
  /** A folder with `public.crt`, `private.key` and the authority's `ca.crt`: it then serves HTTPS alone. */
  readonly certificates?: string;
}

/** What a test may want of a server beside its running; each counts for the servers that know it. */
export interface ServerSettings {
  readonly minio?: MinioSettings;
  /** More lines of its configuration file, where it has one (NATS); of two that set the same, the later holds. */
  readonly extraConfig?: readonly string[];
}

/** A server that is started alone, its program, and its address once it runs. */
export interface SingleServer extends ServerDefinition {
  readonly program: string;
  /** With the credentials in it, where there are any. */
  readonly url: (place: Place) => string;
}

/** 24 random bytes; the alphabet needs no escape in a URL, a file or YAML. */
export function secret(): string {
  return randomBytes(24).toString('hex');
}

export async function isOk(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(url, { signal });
  await response.arrayBuffer();
  return response.ok;
}
