import { z } from 'zod';
import { file, folder, seconds, type Fault } from './fields.js';

/** A bucket's name as every S3 store takes it. */
const bucket = z
  .string()
  .min(3)
  .max(63)
  .regex(/^[a-z0-9][a-z0-9.-]*[a-z0-9]$/, 'must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens');

/** Of an object store on S3. To be spread into a program's own variables. */
export const s3Variables = {
  FACEHASH_S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an address such as https://s3.example.org' }).optional(),
  FACEHASH_S3_BUCKET: bucket.default('facehash'),
  FACEHASH_S3_REGION: z.string().min(1).max(64).optional(),
  FACEHASH_S3_ADDRESSING: z.enum(['path', 'virtual-host']).default('path'),
  FACEHASH_S3_CA_FILE: file.optional(),
  /** A mounted Secret: access-key-id, secret-access-key and, of temporary ones, session-token. Read again when it changes. */
  FACEHASH_S3_CREDENTIALS_DIR: folder.optional(),
  FACEHASH_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  FACEHASH_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  FACEHASH_S3_SESSION_TOKEN: z.string().min(1).optional(),
  FACEHASH_S3_STS_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an address such as https://sts.example.org' }).optional(),
  FACEHASH_S3_STS_ROLE_ARN: z.string().min(20).max(2048).optional(),
  FACEHASH_S3_STS_SESSION_SECONDS_MAX: z.coerce.number().int().min(900).max(604_800).optional(),
  FACEHASH_S3_BUCKET_MISSING: z.enum(['make', 'refuse']).default('make'),
  FACEHASH_S3_TIMEOUT_SECONDS: seconds.default(15),
};

type Variables = z.output<z.ZodObject<typeof s3Variables>>;

export interface S3Settings {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region?: string;
  readonly pathStyle: boolean;
  readonly caFile?: string;
  readonly credentials:
    | { readonly kind: 'folder'; readonly path: string }
    | { readonly kind: 'static'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** Who gives credentials of training runs. Nothing of it is for the runs themselves. */
  readonly sts?: { readonly endpoint?: string; readonly roleArn?: string; readonly sessionSecondsMax?: number };
  readonly bucketMissing: 'make' | 'refuse';
  readonly timeoutMs: number;
}

/** What is wrong with them together. Nothing where no endpoint is given. */
export function s3Faults(e: Variables): readonly Fault<keyof Variables>[] {
  if (e.FACEHASH_S3_ENDPOINT === undefined) return [];
  const pair = [e.FACEHASH_S3_ACCESS_KEY_ID, e.FACEHASH_S3_SECRET_ACCESS_KEY].filter((part) => part !== undefined).length;
  if (e.FACEHASH_S3_CREDENTIALS_DIR !== undefined) {
    return pair === 0 ? [] : [['FACEHASH_S3_ACCESS_KEY_ID', 'must be left out beside FACEHASH_S3_CREDENTIALS_DIR']];
  }
  if (pair === 2) return [];
  return [
    [
      'FACEHASH_S3_CREDENTIALS_DIR',
      'is not set: it is the folder with access-key-id and secret-access-key; or set FACEHASH_S3_ACCESS_KEY_ID and FACEHASH_S3_SECRET_ACCESS_KEY',
    ],
  ];
}

/** Undefined where no endpoint is given. */
export function s3Settings(e: Variables): S3Settings | undefined {
  if (e.FACEHASH_S3_ENDPOINT === undefined) return undefined;
  return {
    endpoint: e.FACEHASH_S3_ENDPOINT,
    bucket: e.FACEHASH_S3_BUCKET,
    ...(e.FACEHASH_S3_REGION === undefined ? {} : { region: e.FACEHASH_S3_REGION }),
    pathStyle: e.FACEHASH_S3_ADDRESSING === 'path',
    ...(e.FACEHASH_S3_CA_FILE === undefined ? {} : { caFile: e.FACEHASH_S3_CA_FILE }),
    credentials: credentialsOf(e),
    ...stsOf(e),
    bucketMissing: e.FACEHASH_S3_BUCKET_MISSING,
    timeoutMs: e.FACEHASH_S3_TIMEOUT_SECONDS * 1000,
  };
}

function credentialsOf(e: Variables): S3Settings['credentials'] {
  if (e.FACEHASH_S3_CREDENTIALS_DIR !== undefined) return { kind: 'folder', path: e.FACEHASH_S3_CREDENTIALS_DIR };
  const sessionToken = e.FACEHASH_S3_SESSION_TOKEN;
  return {
    kind: 'static',
    accessKeyId: e.FACEHASH_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: e.FACEHASH_S3_SECRET_ACCESS_KEY ?? '',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

function stsOf(e: Variables): Pick<S3Settings, 'sts'> {
  const {
    FACEHASH_S3_STS_ENDPOINT: endpoint,
    FACEHASH_S3_STS_ROLE_ARN: roleArn,
    FACEHASH_S3_STS_SESSION_SECONDS_MAX: sessionSecondsMax,
  } = e;
  const sts = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(sessionSecondsMax === undefined ? {} : { sessionSecondsMax }),
  };
  return Object.keys(sts).length === 0 ? {} : { sts };
}

/** The variables that say the same to another program, with the credentials that it is to have. */
export function s3Environment(
  settings: S3Settings,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string },
): Readonly<Record<string, string>> {
  return {
    FACEHASH_S3_ENDPOINT: settings.endpoint,
    FACEHASH_S3_BUCKET: settings.bucket,
    ...(settings.region === undefined ? {} : { FACEHASH_S3_REGION: settings.region }),
    FACEHASH_S3_ADDRESSING: settings.pathStyle ? 'path' : 'virtual-host',
    ...(settings.caFile === undefined ? {} : { FACEHASH_S3_CA_FILE: settings.caFile }),
    FACEHASH_S3_ACCESS_KEY_ID: credentials.accessKeyId,
    FACEHASH_S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    FACEHASH_S3_SESSION_TOKEN: credentials.sessionToken,
    // It may see its own prefix and nothing else, so it cannot look.
    FACEHASH_S3_BUCKET_MISSING: 'refuse',
    FACEHASH_S3_TIMEOUT_SECONDS: String(settings.timeoutMs / 1000),
  };
}
