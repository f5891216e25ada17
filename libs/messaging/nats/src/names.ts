import { sha256Hex } from '@facehash/kernel';

/** The names that everything on NATS goes by: for this adapter, for the permissions of roles, and for who looks in by hand. */
export const buckets = { models: 'facehash-models', people: 'facehash-people', replicas: 'facehash-replicas' } as const;
export type BucketName = keyof typeof buckets;

export const eventStream = 'FACEHASH_EVENTS';
export const commandStream = 'FACEHASH_COMMANDS';
/** The durable consumer that all who handle commands share. */
export const commandConsumer = 'controller';

export const eventSubjects = 'facehash.events.>';
export const commandSubjects = 'facehash.commands.>';
export const progressSubjects = 'facehash.progress';

/** The stream that NATS keeps a bucket in. */
export function streamOf(bucket: BucketName): string {
  return `KV_${buckets[bucket]}`;
}

/** Of one key; `>` for all of them. */
export function keySubject(bucket: BucketName, key: string): string {
  return `$KV.${buckets[bucket]}.${key}`;
}

/**
 * Each event has a subject of its own that ends with its id, so that the stream itself refuses an event that it holds, and finds one by
 * its id: `facehash.events.<storageId>.version.promoted.<id>` for type `dev.facehash.version.promoted`.
 */
export function eventSubject(event: { readonly subject: string; readonly type: string; readonly id: string }): string {
  return `facehash.events.${token(event.subject)}.${event.type.replace(/^dev\.facehash\./, '')}.${token(event.id)}`;
}

/** Where an event of any type with this id is; of any model where none is named. */
export function eventById(id: string, storageId?: string): string {
  return `facehash.events.${storageId === undefined ? '*' : token(storageId)}.*.*.${token(id)}`;
}

export function eventsOf(storageId: string): string {
  return `facehash.events.${token(storageId)}.>`;
}

export function commandSubject(command: { readonly kind: string; readonly storageId: string }): string {
  return `facehash.commands.${command.kind}.${token(command.storageId)}`;
}

/** What a training run says of its progress; `*` for any. */
export function progressSubject(storageId: string, run: string): string {
  return `${progressSubjects}.${tokenOrAny(storageId)}.${tokenOrAny(run)}`;
}

const plain = /^[A-Za-z0-9_-]{1,100}$/;

function tokenOrAny(text: string): string {
  return text === '*' ? text : token(text);
}

/** A part of a subject. What subjects do not take, or what is long, is there by its digest; no plain one begins with the sign before it. */
function token(text: string): string {
  return plain.test(text) ? text : `=${sha256Hex(text)}`;
}
