import http from 'node:http';
import https from 'node:https';
import { backoffMs, deadline, FaceHashError, unlessAborted } from '@facehash/kernel';
import { isKey } from '@facehash/object-store-core';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import { KeySource, type Keys } from './credentials.js';
import { checkOptions, isSessionSeconds, type S3Options, type S3Settings } from './options.js';

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
  /** 900 to 604,800. Where the options allow a session less, that is asked for. */
  readonly durationSeconds: number;
}

const BACKOFF = { firstMs: 50, maxMs: 2_000 };
/** Codes that tell of the role, and not of the store or of who asks: somebody has to change it. */
const wrongRole =
  /^(ValidationError|NoSuchEntity|MalformedPolicyDocument|PackedPolicyTooLarge|RegionDisabledException|MethodNotAllowed|NotImplemented)$/;
/** Codes of a store that may answer otherwise in a moment. */
const later = /^(InternalError|InternalFailure|ServiceUnavailable|SlowDown|Throttling|ThrottlingException|RequestTimeout)$/;

/**
 * Credentials for one training run: its model's prefix and nothing else, by AssumeRole with an inline policy. They can do no more than the
 * role that is named in the options, and where none is, no more than those that they are asked with. Rejects with REQUEST_INVALID; with
 * RUN_NOT_STARTED where somebody has to change the role, and `why` in its details; with STORE_UNAVAILABLE; and with the signal's reason.
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
    const { why, ofTheRole } = last ?? unanswered;
    const code = ofTheRole ? 'RUN_NOT_STARTED' : 'STORE_UNAVAILABLE';
    throw new FaceHashError(code, { operation: 'assumeRole', storageId: role.storageId, why }, { cause });
  }
}

const unanswered = { why: 'no answer within the deadline', ofTheRole: false };

function checkRole({ storageId, durationSeconds }: RunRole): void {
  const problems: string[] = [];
  if (!isKey(storageId) || storageId.includes('/')) problems.push('storageId: one segment of a key');
  if (!isSessionSeconds(durationSeconds)) problems.push('durationSeconds: 900 to 604,800');
  if (problems.length > 0) throw new FaceHashError('REQUEST_INVALID', { problems });
}

interface Refused {
  readonly why: string;
  readonly again: boolean;
  readonly ofTheRole: boolean;
}
type Tried = { readonly credentials: TemporaryCredentials } | Refused;

/** One try, over sockets of its own: the client knows no signal, so they are closed under it. */
async function ask(settings: S3Settings, { role, keys }: { role: RunRole; keys: Keys }, signal: AbortSignal): Promise<Tried> {
  const { address, roleArn } = settings.sts;
  const agent = address.tls ? new https.Agent({ ca: settings.ca }) : new http.Agent();
  const provider = new AssumeRoleProvider({ ...wish(settings, role), ...signedBy(settings, keys), transportAgent: agent });
  try {
    const { ErrorResponse: refusal, AssumeRoleResponse: answer } = await unlessAborted(provider.performRequest(), signal);
    if (refusal === undefined) return { credentials: temporary(answer.AssumeRoleResult.Credentials) };
    return refused(refusal.Error?.Code ?? '', roleArn);
  } catch (error) {
    signal.throwIfAborted();
    if (isStoreError(error)) return refused(error.Code, roleArn);
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'an answer that could not be read';
    return { why, again: true, ofTheRole: false };
  } finally {
    agent.destroy();
  }
}

function wish(settings: S3Settings, { storageId, durationSeconds }: RunRole) {
  const { roleArn, sessionSecondsMax } = settings.sts;
  return {
    durationSeconds: Math.min(durationSeconds, sessionSecondsMax),
    policy: JSON.stringify(policyOf(settings, storageId)),
    ...(roleArn === undefined ? {} : { roleArn, roleSessionName: sessionName(storageId) }),
  };
}

function signedBy({ sts: { address }, region }: S3Settings, { accessKeyId, secretAccessKey }: Keys) {
  const stsEndpoint = `${address.tls ? 'https' : 'http'}://${address.host}:${address.port}`;
  return { stsEndpoint, region, accessKey: accessKeyId, secretKey: secretAccessKey };
}

function refused(code: string, roleArn: string | undefined): Refused {
  const named = roleArn !== undefined;
  // MinIO says it of keys that it does not know, too, and never of a role.
  const ofTheRole = wrongRole.test(code) || (named && code === 'AccessDenied');
  return { why: `STS refused: ${code}${named ? '' : ', and no role was named'}`, again: later.test(code), ofTheRole };
}

/** What a store without STS answers, as any request that it does not know. The client throws it as it was read. */
function isStoreError(error: unknown): error is { readonly Code: string } {
  return typeof error === 'object' && error !== null && 'Code' in error && typeof error.Code === 'string';
}

function temporary(
  given: Readonly<Record<'AccessKeyId' | 'SecretAccessKey' | 'SessionToken' | 'Expiration', string>>,
): TemporaryCredentials {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken, Expiration: expiration } = given;
  return { kind: 'static', accessKeyId, secretAccessKey, sessionToken, expiresAt: new Date(expiration) };
}

/** What the provider's own log names the run by: 2 to 64 of what it allows. */
function sessionName(storageId: string): string {
  return `facehash-${storageId.replaceAll(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);
}

/** What a trainer does with its model's objects. Removing is among it: derived ones that are damaged are made anew. */
function policyOf({ bucket, sts }: S3Settings, storageId: string): object {
  // `aws` everywhere but in AWS' separate parts of the world, of which a role's name tells: aws-cn, aws-us-gov.
  const partition = sts.roleArn?.match(/^arn:(aws[a-z-]*):/)?.[1] ?? 'aws';
  const bucketArn = `arn:${partition}:s3:::${bucket}`;
  const objects = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
  const prefix = { StringLike: { 's3:prefix': [`${storageId}/*`] } };
  return {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: objects, Resource: [`${bucketArn}/${storageId}/*`] },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [bucketArn], Condition: prefix },
    ],
  };
}
