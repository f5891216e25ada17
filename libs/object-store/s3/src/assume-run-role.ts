import http from 'node:http';
import https from 'node:https';
import { backoffMs, deadline, FaceHashError, unlessAborted } from '@facehash/kernel';
import { isKey } from '@facehash/object-store-core';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { KeySource, type Keys } from './credentials.js';
import { checkOptions, type S3Options, type S3Settings } from './options.js';

export interface TemporaryCredentials {
  /** They are credentials for a store, as they are. */
  readonly kind: 'static';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: Date;
}

export interface RunRole {
  readonly storageId: string;
  /** 900 to 604,800: what MinIO gives. */
  readonly durationSeconds: number;
}

const BACKOFF = { firstMs: 50, maxMs: 2_000 };
const SECONDS = { min: 900, max: 7 * 24 * 3600 };
/** Codes of a store that may answer otherwise in a moment. */
const later = /^(InternalError|InternalFailure|ServiceUnavailable|SlowDown|Throttling|ThrottlingException|RequestTimeout)$/;

/**
 * Credentials for one training run: its model's prefix and nothing else, by AssumeRole with an inline policy, as MinIO offers it. They can
 * do no more than those that they are asked with. Rejects with REQUEST_INVALID, STORE_UNAVAILABLE, and the signal's reason.
 */
export async function assumeRunRole(options: S3Options, role: RunRole, signal?: AbortSignal): Promise<TemporaryCredentials> {
  signal?.throwIfAborted();
  const settings = await checkOptions(options);
  checkRole(role);
  const limit = deadline(settings.timeoutMs, signal);
  const keys = new KeySource(settings.credentials, settings.clock, settings.logger);
  let last: Refused | undefined;
  try {
    for (let attempt = 0; ; attempt++) {
      const current = await keys.current();
      const tried = await ask(settings, { role, keys: current }, limit);
      if ('credentials' in tried) return tried.credentials;
      last = tried;
      if (!tried.again && !(await keys.renewed(current))) throw new Error(tried.why);
      await settings.clock.sleep(backoffMs(attempt, BACKOFF, settings.random), limit);
    }
  } catch (cause) {
    signal?.throwIfAborted();
    const why = last?.why ?? 'no answer within the deadline';
    throw new FaceHashError('STORE_UNAVAILABLE', { operation: 'assumeRole', storageId: role.storageId, why }, { cause });
  }
}

function checkRole({ storageId, durationSeconds }: RunRole): void {
  const problems: string[] = [];
  if (!isKey(storageId) || storageId.includes('/')) problems.push('storageId: one segment of a key');
  const inRange = durationSeconds >= SECONDS.min && durationSeconds <= SECONDS.max;
  if (!Number.isInteger(durationSeconds) || !inRange) problems.push('durationSeconds: 900 to 604,800');
  if (problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
}

interface Refused {
  readonly why: string;
  readonly again: boolean;
}
type Tried = { readonly credentials: TemporaryCredentials } | Refused;

/** One try, over sockets of its own: the client knows no signal, so they are closed under it. */
async function ask(settings: S3Settings, { role, keys }: { role: RunRole; keys: Keys }, signal: AbortSignal): Promise<Tried> {
  const { tls, host, port, region, ca } = settings;
  const agent = tls ? new https.Agent({ ca }) : new http.Agent();
  const provider = new AssumeRoleProvider({
    stsEndpoint: `${tls ? 'https' : 'http'}://${host}:${port}`,
    accessKey: keys.accessKeyId,
    secretKey: keys.secretAccessKey,
    durationSeconds: role.durationSeconds,
    policy: JSON.stringify(policyOf(settings.bucket, role.storageId)),
    region,
    transportAgent: agent,
  });
  try {
    const { ErrorResponse: refusal, AssumeRoleResponse: answer } = await unlessAborted(provider.performRequest(), signal);
    if (refusal === undefined) return { credentials: temporary(answer.AssumeRoleResult.Credentials) };
    const code = refusal.Error?.Code ?? '';
    return { why: `STS refused: ${code}`, again: later.test(code) };
  } catch (error) {
    signal.throwIfAborted();
    return { why: error instanceof Error && 'code' in error ? String(error.code) : 'an answer that could not be read', again: true };
  } finally {
    agent.destroy();
  }
}

function temporary(
  given: Readonly<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken' | 'Expiration', string>>,
): TemporaryCredentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: expiration } = given;
  return { kind: 'static', accessKeyId, secretAccessKey, sessionToken, expiresAt: new Date(expiration) };
}

/** What a trainer does with its model's objects. Removing is among it: derived ones that are damaged are made anew. */
function policyOf(bucket: string, storageId: string): object {
  const objects = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
  const prefix = { StringLike: { 's3:prefix': [`${storageId}/*`] } };
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: objects, Resource: [`arn:aws:s3:::${bucket}/${storageId}/*`] },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [`arn:aws:s3:::${bucket}`], Condition: prefix },
    ],
  };
}
