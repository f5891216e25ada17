import { readFile } from 'node:fs/promises';
import { FaceHashError, silentLogger, systemClock, systemRandom, type Clock, type Logger, type Random } from '@facehash/kernel';

export type S3Credentials =
  | { readonly kind: 'static'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
  /** Mounted files `access-key-id`, `secret-access-key` and, if there is one, `session-token`. They are read again when they rotate. */
  | { readonly kind: 'folder'; readonly path: string };

/** Who gives credentials of training runs (STS), and of which role. */
export interface StsOptions {
  /** Scheme, host and port. Default: those of the store, as with MinIO and Ceph. AWS: `https://sts.<region>.amazonaws.com`. */
  readonly endpoint?: string;
  /** Default: no role is named, which MinIO takes, and AWS and Ceph refuse. */
  readonly roleArn?: string;
  /** What the role allows one session to last; no more is asked for. 900 to 604,800; default 3600 with a role, as AWS has it, and else 604,800. */
  readonly sessionSecondsMax?: number;
}

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
  readonly sts?: StsOptions;
  /** What to do about a bucket that is not there when the store is first reached. Default `refuse`. */
  readonly bucketMissing?: 'make' | 'refuse';
  /** Of one call, all of its tries included. Default 30 s. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** Where the store, or its STS, is. */
interface Address {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** Options that were checked, with every default filled in. */
export interface S3Settings extends Address, Required<Omit<S3Options, 'endpoint' | 'caFile' | 'sts'>> {
  readonly sts: { readonly address: Address; readonly roleArn: string | undefined; readonly sessionSecondsMax: number };
  readonly ca: string | undefined;
}

const defaults = {
  region: 'us-east-1',
  pathStyle: true,
  bucketMissing: 'refuse',
  timeoutMs: 30_000,
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
} as const;
/** What MinIO gives; others give less. */
const SESSION_SECONDS = { min: 900, max: 7 * 24 * 3600 };
const ROLE_SESSION_SECONDS = 3600;
const ARN = /^arn:[\w-]+:iam::\d*:role\/[\w+=,.@/-]+$/;
/** What AWS allows, without the dots that its certificates do not cover. */
const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** Throws REQUEST_INVALID with all that is wrong. Says nothing of the store: it may be away. */
export async function checkOptions({ endpoint: address, caFile, sts = {}, ...options }: S3Options): Promise<S3Settings> {
  const settings = { ...defaults, ...options };
  const endpoint = URL.parse(address);
  const problems = [...endpointProblems('endpoint', endpoint), ...credentialProblems(settings.credentials), ...stsProblems(sts)];
  if (!bucketName.test(settings.bucket)) problems.push('bucket: 3 to 63 of a-z, 0-9 and -, with a letter or digit at both ends');
  if (!(settings.timeoutMs > 0 && Number.isFinite(settings.timeoutMs))) problems.push('timeoutMs: a number above 0');
  const ca = caFile === undefined ? undefined : await readAuthority(caFile, problems);
  if (endpoint === null || problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
  const own = addressOf(endpoint);
  return { ...settings, ...own, ca, sts: stsOf(sts, own) };
}

function stsOf({ endpoint, roleArn, sessionSecondsMax }: StsOptions, store: Address): S3Settings['sts'] {
  const usual = roleArn === undefined ? SESSION_SECONDS.max : ROLE_SESSION_SECONDS;
  const address = endpoint === undefined ? store : addressOf(new URL(endpoint));
  return { address, roleArn, sessionSecondsMax: sessionSecondsMax ?? usual };
}

function addressOf({ protocol, hostname, port }: URL): Address {
  const tls = protocol === 'https:';
  const usual = tls ? 443 : 80;
  return { tls, host: hostname, port: port === '' ? usual : Number(port) };
}

function endpointProblems(name: string, endpoint: URL | null): string[] {
  if (endpoint === null || !['http:', 'https:'].includes(endpoint.protocol)) return [`${name}: an http or https URL`];
  const bare = endpoint.pathname === '/' && endpoint.search === '' && endpoint.hash === '' && endpoint.username === '';
  return bare ? [] : [`${name}: nothing but scheme, host and port; credentials have a setting of their own`];
}

function stsProblems({ endpoint, roleArn, sessionSecondsMax = SESSION_SECONDS.min }: StsOptions): string[] {
  const problems = endpoint === undefined ? [] : endpointProblems('sts.endpoint', URL.parse(endpoint));
  if (roleArn !== undefined && !ARN.test(roleArn)) problems.push('sts.roleArn: as arn:aws:iam::123456789012:role/facehash-training');
  if (!isSessionSeconds(sessionSecondsMax)) problems.push('sts.sessionSecondsMax: 900 to 604,800');
  return problems;
}

export function isSessionSeconds(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= SESSION_SECONDS.min && seconds <= SESSION_SECONDS.max;
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
