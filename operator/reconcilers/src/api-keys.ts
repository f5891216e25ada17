import { newApiKey, type KubernetesStatus } from '@facehash/facemodel';
import type { Clock, Logger, Random } from '@facehash/kernel';
import { hasApiCode, type KubeClient, type KubeObject, type ObjectRef } from '@facehash/operator-runtime';
import {
  graceOf,
  keysAfter,
  keysNow,
  rotationWish,
  secretStep,
  type ApiKeyStatus,
  type KeyTrouble,
  type KeyWish,
} from './api-key-state.js';
import { noteAbout, type FaceModelView, type Recording } from './face-model-view.js';
import { adoption, keySecretOf, newKeySecret, otherKey } from './key-secret.js';
import { lookIsDue, marksOf, type Looked } from './key-look.js';
import { secrets } from './owned-resources.js';

export interface ApiKeysParts {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch'>;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly record?: Recording;
}

/** What is known of a model's keys; where there is a trouble, those that were valid before. */
export interface KeyFacts {
  /** SHA-256 of each, newest first, at most two. */
  readonly apiKeyHashes: readonly string[];
  readonly oldKeyValidUntil: string | null;
  /** For the status; null while there is no key. */
  readonly status: KubernetesStatus['apiKey'];
  readonly trouble: KeyTrouble | null;
}

const LOOK_MS = 3_600_000;
const TROUBLE_LOOK_MS = 60_000;
/** Made or replaced, owned, taken; twice, as a race may be lost. */
const STEPS_MAX = 6;

type Found = { readonly status: ApiKeyStatus } | { readonly trouble: KeyTrouble };

interface Look {
  readonly object: FaceModelView;
  readonly wish: KeyWish;
  readonly times: { readonly now: Date; readonly graceMs: number };
}

/**
 * The Secret in which the owner of a model finds the key. It is the truth about the newest key; the status remembers hashes, and so what
 * was valid before. A model whose key is written down costs no call, but for one in an hour. Secrets are got by name and never listed.
 */
export class ApiKeys {
  /** By uid; as many as there are models. */
  readonly #looked = new Map<string, Looked>();

  constructor(private readonly parts: ApiKeysParts) {}

  /** Rejects with an `ApiError` when it could not be found out. */
  async ensure(object: FaceModelView, signal: AbortSignal): Promise<KeyFacts> {
    const { clock, random } = this.parts;
    const wish = wishOf(object);
    const { graceMs, fault } = graceOf(object);
    const look: Look = { object, wish, times: { now: clock.now(), graceMs } };
    const known = wish.known && keysNow(wish.known, look.times);
    const before = this.#looked.get(wish.uid);
    if (!lookIsDue({ object, wish, looked: before }, look.times.now)) {
      // After a start not all at once: some time within the hour.
      if (!before) this.#remember(look, LOOK_MS * random.next(), { found: known, trouble: null });
      return facts(known, before?.trouble ?? null);
    }
    if (fault !== undefined) this.#note(object, { type: 'Warning', reason: 'OldKeyGraceUnreadable', note: fault });
    const found = await this.#find(look, signal);
    if ('trouble' in found) {
      this.#remember(look, TROUBLE_LOOK_MS, { found: null, trouble: found.trouble });
      return facts(known, found.trouble);
    }
    this.#announce(look, found.status);
    // What is still asked for, because another key had to be written down first, is due once it is.
    const served = wish.wish === null || wish.wish === found.status.rotation;
    this.#remember(look, served ? LOOK_MS * (0.5 + random.next()) : 0, { found: found.status, trouble: null });
    return facts(found.status, null);
  }

  /** The model is gone. */
  forget(uid: string): void {
    this.#looked.delete(uid);
  }

  async #find(look: Look, signal: AbortSignal): Promise<Found> {
    const { wish, object } = look;
    const ref = { name: wish.secretName, namespace: object.metadata.namespace ?? '' };
    const read = (): Promise<KubeObject | undefined> => this.parts.client.get(secrets, ref, {}, signal);
    let secret = await read();
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const next = decided(secret, look);
      if (!('write' in next)) return next;
      const written = await this.#write({ kind: next.write, secret, ref, look }, signal);
      if (written && 'trouble' in written) return written;
      secret = written ? written.secret : await read();
    }
    const message = `the Secret ${wish.secretName} is being changed all the time: somebody else writes it, too`;
    return { trouble: { reason: 'ApiKeySecretRefused', message } };
  }

  /** Undefined when somebody else was faster: read it again. */
  async #write(
    { kind, secret, ref, look }: Writing,
    signal: AbortSignal,
  ): Promise<{ readonly secret: KubeObject } | { readonly trouble: KeyTrouble } | undefined> {
    const { client, random, logger } = this.parts;
    const { name, uid = '' } = look.object.metadata;
    const owner = { name, uid };
    try {
      if (!secret || kind === 'create') {
        const made = newKeySecret(ref, { key: newApiKey(random), wish: look.wish.wish }, owner);
        return { secret: await client.create(secrets, made, {}, signal) };
      }
      const toKeep = { key: newApiKey(random), wish: look.wish.wish };
      const body = kind === 'adopt' ? adoption(secret, owner) : otherKey(secret, toKeep, owner);
      return { secret: await client.patch(secrets, ref, { strategy: 'merge', body }, signal) };
    } catch (error) {
      if (hasApiCode(error, 'conflict', 'alreadyExists', 'notFound')) return undefined;
      if (!hasApiCode(error, 'forbidden', 'invalid')) throw error;
      logger.warn('the Secret of a key cannot be written', { model: name, secret: ref.name, error });
      const message = `the Secret ${ref.name} cannot be written: ${error.message}`;
      return { trouble: { reason: 'ApiKeySecretRefused', message } };
    }
  }

  #remember({ object, wish, times }: Look, againInMs: number, result: Pick<Looked, 'found' | 'trouble'>): void {
    this.#looked.set(wish.uid, { marks: marksOf(object), dueAt: times.now.getTime() + againInMs, ...result });
  }

  #announce({ object, wish }: Look, { hashes, oldKeyValidUntil, secretName }: ApiKeyStatus): void {
    const before = wish.known?.hashes[0];
    if (before === hashes[0]) return;
    const until = oldKeyValidUntil === null ? 'is not valid any more' : `is valid until ${oldKeyValidUntil}`;
    const note =
      before === undefined ? `the key is in the Secret ${secretName}` : `the Secret ${secretName} holds a new key; the one before ${until}`;
    this.#note(object, { type: 'Normal', reason: before === undefined ? 'ApiKeyReady' : 'ApiKeyRotated', note });
  }

  #note(object: FaceModelView, words: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly note: string }): void {
    this.parts.record?.(noteAbout(object, { ...words, action: 'KeepApiKey' }));
  }
}

interface Writing {
  readonly kind: 'create' | 'adopt' | 'rotate';
  readonly secret: KubeObject | undefined;
  readonly ref: ObjectRef;
  readonly look: Look;
}

/** What the Secret says, or what has to be written first. */
function decided(secret: KubeObject | undefined, { wish, times }: Look): Found | { readonly write: Writing['kind'] } {
  const view = secret && keySecretOf(secret);
  const step = secretStep(view, wish);
  switch (step.kind) {
    case 'trouble':
      return { trouble: step.trouble };
    case 'take':
      return { status: keysAfter({ served: view?.served ?? null }, { ...wish, hash: step.hash }, times) };
    default:
      return { write: step.kind };
  }
}

function wishOf(object: FaceModelView): KeyWish {
  const { name, uid = '' } = object.metadata;
  const secretName = object.spec?.apiKey?.secretName ?? `${name}-api-key`;
  return { uid, secretName, wish: rotationWish(object), known: object.status?.apiKey ?? null };
}

function facts(status: ApiKeyStatus | null, trouble: KeyTrouble | null): KeyFacts {
  return { apiKeyHashes: status?.hashes ?? [], oldKeyValidUntil: status?.oldKeyValidUntil ?? null, status, trouble };
}
