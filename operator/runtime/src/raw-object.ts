/** As the server sends it: times are strings, and nothing is converted on the way in or out. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  /** Opaque: equal or not, and nothing else. */
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string | null;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object of any kind. Whoever knows more of it reads it with a parser of their own. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** Names one object of a resource; a namespace belongs to it unless the resource is cluster-wide. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string;
}

export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** Where the next page begins; undefined after the last. */
  readonly continueFrom: string | undefined;
}

/** What work is queued by: `namespace/name`, or `name`. */
export function keyOf({ namespace, name }: ObjectRef): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** @throws {TypeError} when it is no object of Kubernetes */
export function parseObject(value: unknown): KubeObject {
  if (!isObject(value)) throw new TypeError('the API server sent something that is no object of Kubernetes');
  return withoutManagedFields(value);
}

/** @throws {TypeError} when it is no list of Kubernetes */
export function parseList(value: unknown): ObjectList {
  if (!isRecord(value) || !isRecord(value['metadata']) || !(Array.isArray(value['items']) || value['items'] === null)) {
    throw new TypeError('the API server sent something that is no list of Kubernetes');
  }
  const { resourceVersion, continue: continueFrom } = value['metadata'];
  const items: readonly unknown[] = value['items'] ?? [];
  return {
    items: items.map(parseObject),
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    continueFrom: typeof continueFrom === 'string' && continueFrom !== '' ? continueFrom : undefined,
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

/** Who wrote which field is often more than half of an object, and nobody here reads it. */
function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata['managedFields'] === undefined) return object;
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
