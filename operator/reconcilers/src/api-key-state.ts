import { apiKeyHash, isApiKey, type KubernetesStatus, type Reason } from '@facehash/facemodel';
import { sha256Hex } from '@facehash/kernel';
import type { FaceModelView } from './face-model-view.js';
import { annotations } from './names.js';

export type ApiKeyStatus = NonNullable<KubernetesStatus['apiKey']>;

/** Why the Secret cannot be used, in words of the API and for its owner. */
export interface KeyTrouble {
  readonly reason: Reason;
  readonly message: string;
}

/** What is looked at of the Secret of a key. */
export interface KeySecret {
  readonly type: string;
  /** Undefined where it has none. */
  readonly key: string | undefined;
  /** The wish that was served with this key; null: it came without one. */
  readonly served: string | null;
  /** Uid of the object that it belongs to. */
  readonly owner: string | undefined;
}

export const API_KEY_TYPE = 'facehash.dev/api-key';

const HOUR_MS = 3_600_000;
const GRACE_MS = 24 * HOUR_MS;
const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };
/** What a status has room for, in letters that nobody encodes in two ways. */
const plain = /^[!-~]{1,63}$/;

/** What the owner asks for by annotation; null: nothing. A text that is no word is known by its digest. */
export function rotationWish({ metadata }: Pick<FaceModelView, 'metadata'>): string | null {
  const text = metadata.annotations?.[annotations.rotateApiKey] ?? '';
  if (text === '') return null;
  return plain.test(text) ? text : sha256Hex(text);
}

/** How long a key that was replaced stays valid. `fault` is there where the owner wrote something else than a time. */
export function graceOf({ metadata }: Pick<FaceModelView, 'metadata'>): { readonly graceMs: number; readonly fault?: string } {
  const text = metadata.annotations?.[annotations.oldKeyGrace] ?? '24h';
  const [, count = '', unit = ''] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  const ms = units[unit];
  if (ms !== undefined) return { graceMs: Number(count) * ms };
  return { graceMs: GRACE_MS, fault: `the annotation ${annotations.oldKeyGrace} is no time such as 24h, 30m or 0s: 24h it is` };
}

export type SecretStep =
  | { readonly kind: 'create' | 'adopt' | 'rotate' }
  | { readonly kind: 'take'; readonly hash: string }
  | { readonly kind: 'trouble'; readonly trouble: KeyTrouble };

export interface KeyWish {
  readonly uid: string;
  readonly secretName: string;
  /** What was asked for, see `rotationWish`. */
  readonly wish: string | null;
  /** What earlier passes wrote down. */
  readonly known: ApiKeyStatus | null;
}

/**
 * What to do about the Secret. A key that is not written down yet is taken before another one is made: whoever has read it holds a
 * key that becomes valid.
 */
export function secretStep(secret: KeySecret | undefined, { uid, secretName, wish, known }: KeyWish): SecretStep {
  if (!secret) return { kind: 'create' };
  const taken = takenBySomeoneElse(secret, { uid, secretName });
  if (taken) return { kind: 'trouble', trouble: taken };
  const hash = hashOf(secret);
  const isNew = hash !== undefined && hash !== known?.hashes[0];
  if (!isNew && wish !== null && wish !== servedBy(secret, known)) return { kind: 'rotate' };
  if (hash === undefined) return { kind: 'trouble', trouble: malformed(secretName) };
  return secret.owner === undefined ? { kind: 'adopt' } : { kind: 'take', hash };
}

/** Undefined where it holds no API key. */
function hashOf({ key }: KeySecret): string | undefined {
  return key !== undefined && isApiKey(key) ? apiKeyHash(key) : undefined;
}

function takenBySomeoneElse({ type, owner }: KeySecret, { uid, secretName }: Pick<KeyWish, 'uid' | 'secretName'>): KeyTrouble | undefined {
  const advice = 'delete it, or name another one in spec.apiKey.secretName';
  const reason = 'ApiKeySecretTaken';
  if (type !== API_KEY_TYPE) return { reason, message: `the Secret ${secretName} is of type ${type} and not ${API_KEY_TYPE}: ${advice}` };
  if (owner !== undefined && owner !== uid) return { reason, message: `the Secret ${secretName} belongs to another object: ${advice}` };
  return undefined;
}

function malformed(secretName: string): KeyTrouble {
  const message = `the field api-key of the Secret ${secretName} holds no API key: write one there, or delete the Secret, and a new one is made`;
  return { reason: 'ApiKeyMalformed', message };
}

/** The first key of a model serves whatever was asked for before it. */
function servedBy({ served }: Pick<KeySecret, 'served'>, known: ApiKeyStatus | null): string | null {
  return served ?? known?.rotation ?? null;
}

/** What is written down once the Secret holds the key of this hash. */
export function keysAfter(
  secret: Pick<KeySecret, 'served'>,
  { hash, secretName, wish, known }: Pick<KeyWish, 'secretName' | 'wish' | 'known'> & { readonly hash: string },
  { now, graceMs: grace }: { readonly now: Date; readonly graceMs: number },
): ApiKeyStatus {
  const newest = known?.hashes[0];
  if (!known || newest === undefined) return { secretName, hashes: [hash], oldKeyValidUntil: null, rotation: wish };
  const rotation = servedBy(secret, known);
  if (hash === newest) return keysNow({ ...known, secretName, rotation }, { now, graceMs: grace });
  const oldKeyValidUntil = new Date(now.getTime() + grace).toISOString();
  return keysNow({ secretName, hashes: [hash, newest], oldKeyValidUntil, rotation }, { now, graceMs: grace });
}

/** What was written down, without what its time is over for. A grace that was shortened counts at once; one that was lengthened does not. */
export function keysNow(known: ApiKeyStatus, { now, graceMs: grace }: { readonly now: Date; readonly graceMs: number }): ApiKeyStatus {
  const { hashes, oldKeyValidUntil } = known;
  const latest = now.getTime() + grace;
  const until = oldKeyValidUntil === null ? 0 : Math.min(Date.parse(oldKeyValidUntil), latest);
  if (!(until > now.getTime()) || hashes.length < 2) return { ...known, hashes: hashes.slice(0, 1), oldKeyValidUntil: null };
  return { ...known, oldKeyValidUntil: new Date(until).toISOString() };
}
