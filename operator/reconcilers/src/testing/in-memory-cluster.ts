import { ApiError, type KubeClient, type KubeObject, type ObjectRef, type Resource } from '@facehash/operator-runtime';

type Calls = Pick<KubeClient, 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete'>;
type Body = Readonly<Record<string, unknown>>;

/** Objects as an API server keeps them, without its schemas: versions, preconditions, merge patches, and owners whose going takes what they own along. */
export class InMemoryCluster {
  readonly #objects = new Map<string, KubeObject>();
  #version = 0;

  constructor(private readonly now: () => Date) {}

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  /** `through`: what happens to each call, which may be that it never comes, or that its answer does not. */
  client(through: <T>(work: () => T) => Promise<T>): Calls {
    return {
      get: (resource, ref) => through(() => this.find(resource, ref)),
      list: (resource, selection) =>
        through(() => ({
          items: this.all(resource).filter((object) => isSelected(object, selection?.labelSelector)),
          resourceVersion: String(this.#version),
          continueFrom: undefined,
        })),
      create: (resource, object) => through(() => this.create(resource, object)),
      apply: (resource, object) =>
        through(() =>
          this.find(resource, object.metadata) ? this.change(resource, object.metadata, object) : this.create(resource, object),
        ),
      patch: (resource, ref, { body, subresource }) => through(() => this.change(resource, ref, body as Body, subresource)),
      delete: (resource, ref, only) => through(() => this.remove(resource, ref, only?.uid)),
    };
  }

  all(resource: Resource): readonly KubeObject[] {
    return [...this.#objects].flatMap(([key, object]) => (key.startsWith(`${resource.plural}/`) ? [object] : []));
  }

  find(resource: Resource, ref: ObjectRef): KubeObject | undefined {
    return this.#objects.get(keyOf(resource, ref));
  }

  create(resource: Resource, object: KubeObject): KubeObject {
    const key = keyOf(resource, object.metadata);
    if (this.#objects.has(key)) throw new ApiError('alreadyExists', key);
    const resourceVersion = this.#next();
    const born = { uid: `uid-${resourceVersion}`, resourceVersion, generation: 1, creationTimestamp: this.now().toISOString() };
    return this.#put(key, { ...object, metadata: { ...object.metadata, ...born } });
  }

  change(resource: Resource, ref: ObjectRef, body: Body, subresource?: string): KubeObject {
    const key = keyOf(resource, ref);
    const before = this.#objects.get(key);
    if (!before) throw new ApiError('notFound', key);
    const { uid, resourceVersion, ...metadata } = (body['metadata'] ?? {}) as KubeObject['metadata'];
    for (const [wanted, is] of [
      [uid, before.metadata.uid],
      [resourceVersion, before.metadata.resourceVersion],
    ])
      if (wanted !== undefined && wanted !== is) throw new ApiError('conflict', key);
    const patch = subresource === 'status' ? { status: body['status'] } : { ...body, metadata };
    const after = merged(before, patch) as KubeObject;
    return this.#put(key, { ...after, metadata: { ...after.metadata, resourceVersion: this.#next() } });
  }

  remove(resource: Resource, ref: ObjectRef, uid?: string): boolean {
    const key = keyOf(resource, ref);
    const before = this.#objects.get(key);
    if (!before) return false;
    if (uid !== undefined && before.metadata.uid !== uid) throw new ApiError('conflict', key);
    this.#objects.delete(key);
    for (const [other, { metadata }] of this.#objects)
      if (metadata.ownerReferences?.some((owner) => owner.uid === before.metadata.uid)) this.#objects.delete(other);
    return true;
  }

  #put(key: string, object: KubeObject): KubeObject {
    this.#objects.set(key, object);
    return object;
  }

  #next(): string {
    return String(++this.#version);
  }
}

function keyOf({ plural }: Resource, { namespace = '', name }: ObjectRef): string {
  return `${plural}/${namespace}/${name}`;
}

function isSelected({ metadata: { labels = {} } }: KubeObject, selector = ''): boolean {
  const wanted = selector.split(',').filter((one) => one !== '');
  return wanted.every((one) => labels[one.slice(0, one.indexOf('='))] === one.slice(one.indexOf('=') + 1));
}

/** RFC 7396: null takes away, and lists are replaced as a whole. */
function merged(before: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const after = new Map(Object.entries(isRecord(before) ? before : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) after.delete(name);
    else if (value !== undefined) after.set(name, merged(after.get(name), value));
  }
  return Object.fromEntries(after);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
