import { API_VERSION, KIND } from '@facehash/facemodel';
import type { KubeObject, ObjectMeta, ObjectRef, OwnerReference } from '@facehash/operator-runtime';
import { z } from 'zod';
import { API_KEY_TYPE, type KeySecret } from './api-key-state.js';
import { MANAGED_BY } from './names.js';

/** On the Secret: which wish its key serves. Written with the key, so that no crash comes between. */
const SERVED_ANNOTATION = 'facehash.dev/served-rotation';
const FIELD = 'api-key';

export interface KeySecretOwner extends ObjectRef {
  readonly uid: string;
}

/** A key, and the wish that it serves. */
export interface KeyToKeep {
  readonly key: string;
  readonly wish: string | null;
}

const shape = z.object({
  type: z.string().default('Opaque'),
  data: z.record(z.string(), z.string()).nullish(),
});

/** What matters of the Secret. Of a type that is not ours, nothing but that is read. */
export function keySecretOf(object: KubeObject): KeySecret {
  const { type, data } = shape.parse(object);
  const { annotations, ownerReferences = [] } = object.metadata;
  const owner = ownerReferences.find(({ controller }) => controller === true)?.uid;
  const encoded = type === API_KEY_TYPE ? data?.[FIELD] : undefined;
  return { type, key: encoded === undefined ? undefined : decoded(encoded), served: annotations?.[SERVED_ANNOTATION] ?? null, owner };
}

/** A new Secret with the key. */
export function newKeySecret(ref: ObjectRef, { key, wish }: KeyToKeep, owner: KeySecretOwner): KubeObject {
  return {
    metadata: { ...ref, labels: MANAGED_BY, annotations: served(wish), ownerReferences: [referenceTo(owner)] },
    type: API_KEY_TYPE,
    data: { [FIELD]: btoa(key) },
  };
}

/** A patch that puts another key there, if nobody changed it since. */
export function otherKey({ metadata }: KubeObject, { key, wish }: KeyToKeep, owner: KeySecretOwner): object {
  return { metadata: { ...owned(metadata, owner), annotations: served(wish) }, data: { [FIELD]: btoa(key) } };
}

/** A patch that makes it the model's, if nobody changed it since: it goes with the model, and no other model can have the same key. */
export function adoption({ metadata }: KubeObject, owner: KeySecretOwner): object {
  return { metadata: owned(metadata, owner) };
}

function owned({ uid, resourceVersion, ownerReferences = [] }: ObjectMeta, owner: KeySecretOwner): object {
  const others = ownerReferences.filter((reference) => reference.uid !== owner.uid);
  return { uid, resourceVersion, ownerReferences: [...others, referenceTo(owner)] };
}

function referenceTo({ name, uid }: KeySecretOwner): OwnerReference {
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true };
}

function served(wish: string | null): Readonly<Record<string, string>> {
  return wish === null ? {} : { [SERVED_ANNOTATION]: wish };
}

/** Tools like to end files with a line break. Undefined for what is no base64, which the API server does not let through. */
function decoded(encoded: string): string | undefined {
  try {
    return atob(encoded).trim();
  } catch {
    return undefined;
  }
}
