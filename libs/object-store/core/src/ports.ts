export interface StoredObject {
  /** The reader's own: changing them changes nothing in the store. */
  readonly bytes: Uint8Array;
  /** Opaque. Differs whenever the bytes differ, and may come back when the same bytes do (S3: the ETag, a digest of the content). */
  readonly revision: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * Where photos, snapshots and versions live. Two kinds of object, told apart by the call that wrote them:
 * immutable ones (`create`) and pointers (`replace`, compare-and-set). They share their keys: what one call made is there for the other.
 *
 * Keys are one or more segments of `[A-Za-z0-9._-]` joined by `/`; no segment begins with a dot or is longer than 255 characters; the
 * whole is at most 512. Any other key is a REQUEST_INVALID. No key may be the folder of another (`a` beside `a/b`): a directory cannot
 * hold both.
 *
 * Every call rejects with STORE_UNAVAILABLE when the store cannot answer, and with the signal's reason once that aborts. A write that
 * resolved is durable. One that rejected may have happened or not, but never in part: read, or try again.
 */
export interface ObjectStore {
  /** Writes an immutable object. `exists` when the key is taken already: its bytes stay as they were. Readers never see a part of it. */
  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'>;
  /** A store that keeps digests rejects with ARTIFACT_CORRUPT when what is stored is not what was written. */
  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Replaces a pointer if its revision is still `expected` (`null`: it must not exist yet). The new revision, or `undefined`
   * when somebody else was faster: read again and decide again. Readers see the old bytes or the new ones.
   */
  replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * All objects whose key starts with `prefix`, in the order of their keys (byte by byte). What is written or removed meanwhile may
   * be among them or not. A prefix that no key can begin with is a REQUEST_INVALID.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;
  /** No error when it is not there. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
}
