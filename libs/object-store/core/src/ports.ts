export interface StoredObject {
  readonly bytes: Uint8Array;
  /** Opaque; changes with every replacement. S3: the ETag. */
  readonly revision: string;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * Where photos, snapshots and versions live. Two kinds of object, told apart by the call that wrote them:
 * immutable ones (`create`) and pointers (`replace`, compare-and-set).
 *
 * Keys are one or more segments of `[A-Za-z0-9._-]` joined by `/`; no segment is `.` or `..`; at most 512 characters. Any other
 * key is a REQUEST_INVALID. Every call rejects with STORE_UNAVAILABLE when the store cannot answer, and with the signal's
 * reason once that aborts. A write that resolved is durable.
 */
export interface ObjectStore {
  /** Writes an immutable object. `exists` when the key is taken already: its bytes stay as they were. Readers never see a part of it. */
  create(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'>;
  read(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /**
   * Replaces a pointer if its revision is still `expected` (`null`: it must not exist yet). The new revision, or `undefined`
   * when somebody else was faster: read again and decide again.
   */
  replace(key: string, bytes: Uint8Array, expected: string | null, signal?: AbortSignal): Promise<string | undefined>;
  /** All objects whose key starts with `prefix`, in the order of their keys. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectInfo>;
  /** No error when it is not there. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
}
