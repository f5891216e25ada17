import { supervise, type SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, KvChange } from '@facehash/messaging-core';

export type BucketChange<T> = Exclude<KvChange<T>, { kind: 'synced' }>;

/** Hands every change of a bucket on until it is closed. A watch that breaks is begun again. */
export class FollowedBucket<T> {
  /** Resolves once everything that was written before has been handed on. */
  readonly whenSynced: Promise<void>;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  constructor(bucket: KvBucket<T>, take: (change: BucketChange<T>) => void, options: Omit<SuperviseOptions, 'signal'>) {
    const { signal } = this.#stop;
    let synced: () => void = () => undefined;
    this.whenSynced = new Promise((resolve) => (synced = resolve));
    const follow = async (): Promise<void> => {
      for await (const change of bucket.watch(signal)) {
        if (change.kind === 'synced') synced();
        else take(change);
      }
    };
    this.#following = supervise(follow, { ...options, signal });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
