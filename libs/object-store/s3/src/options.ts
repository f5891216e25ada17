import { readFile } from 'node:fs/promises';
import { FaceHashError, silentLogger, systemClock, systemRandom, type Clock, type Logger, type Random } from '@facehash/kernel';

export type S3Credentials =
  | { readonly kind: 'static'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** Mounted files `access-key-id`, `secret-access-key` and, if there is one, `session-token`. They are read again when they rotate. */
  | { readonly kind: 'folder'; readonly path: string };

export interface S3Options {
  /** `https://s3.example.org` or `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** What signatures name. Default `us-east-1`, which stores without regions take. */
  readonly region?: string;
  /** Default true; false: `<bucket>.<host>`. */
  readonly pathStyle?: boolean;
  /** PEM of the authorities that are trusted instead of the usual ones. Read once. */
  readonly caFile?: string;
  readonly credentials: S3Credentials;
  /** What to do about a bucket that is not there when the store is first reached. Default `refuse`. */
  readonly bucketMissing?: 'make' | 'refuse';
  /** Of one call, all of its tries included. Default 30 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** Options that were checked, with every default filled in. */
export interface S3Settings {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly bucket: string;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly ca: string | undefined;
  readonly credentials: S3Credentials;
  readonly bucketMissing: 'make' | 'refuse';
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** What AWS allows, without the dots that its certificates do not cover. */
const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Throws REQUEST_INVALID with all that is wrong. Says nothing of the store: it may be away. */
export async function checkOptions(options: S3Options): Promise<S3Settings> {
  const { bucket, credentials, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const endpoint = URL.parse(options.endpoint);
  const problems = [...endpointProblems(endpoint), ...credentialProblems(credentials)];
  if (!bucketName.test(bucket)) problems.push('bucket: 3 to 63 of a-z, 0-9 and -, with a letter or digit at both ends');
  if (!Number.isFinite(timeoutMs) || timeoutMs <= 0) problems.push('timeoutMs: a number above 0');
  const ca = options.caFile === undefined ? undefined : await readAuthority(options.caFile, problems);
  if (endpoint === null || problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
  const tls = endpoint.protocol === 'https:';
  return {
    tls,
    host: endpoint.hostname,
    port: endpoint.port === '' ? (tls ? 443 : 80) : Number(endpoint.port),
    bucket,
    region: options.region ?? 'us-east-1',
    pathStyle: options.pathStyle ?? true,
    ca,
    credentials,
    bucketMissing: options.bucketMissing ?? 'refuse',
    timeoutMs,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    logger: options.logger ?? silentLogger,
  };
}

function endpointProblems(endpoint: URL | null): string[] {
  if (endpoint === null || !['http:', 'https:'].includes(endpoint.protocol)) return ['endpoint: an http or https URL'];
  const bare = endpoint.pathname === '/' && endpoint.search === '' && endpoint.hash === '' && endpoint.username === '';
  return bare ? [] : ['endpoint: nothing but scheme, host and port; credentials have a setting of their own'];
}

function credentialProblems(credentials: S3Credentials): string[] {
  if (credentials.kind === 'folder') return credentials.path === '' ? ['credentials: the path of a folder'] : [];
  const { accessKeyId, secretAccessKey } = credentials;
  return accessKeyId === '' || secretAccessKey === '' ? ['credentials: accessKeyId and secretAccessKey must not be empty'] : [];
}

async function readAuthority(path: string, problems: string[]): Promise<string> {
  const pem = await readFile(path, 'utf8').catch(() => '');
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) problems.push('caFile: no readable PEM file with a certificate');
  return pem;
}
