import { supervise, type SuperviseOptions } from '@facehash/kernel';
import type { KvBucket, KvChange } from '@facehash/messaging-core';

export type BucketChange<T> = Exclude<KvChange<T>, { kind: 'synced' }>;

/** Who follows a bucket. */
interface Follower<T> {
  take(change: BucketChange<T>): void;
  /** Everything that is there was taken, also again after a watch that broke. */
  synced?(): void;
  /** The watch broke: the next one may be of a bucket that was made anew. */
  broke?(): void;
}

/** Hands every change of a bucket on until it is closed. A watch that breaks is begun again. */
export class FollowedBucket<T> {
  /** Resolves once everything that was written before has been handed on. */
  readonly whenSynced: Promise<void>;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  constructor(bucket: KvBucket<T>, follower: Follower<T>, options: Omit<SuperviseOptions, 'signal'>) {
    const { signal } = this.#stop;
    let synced: () => void = () => undefined;
    this.whenSynced = new Promise((resolve) => (synced = resolve));
    const follow = async (): Promise<void> => {
      try {
        for await (const change of bucket.watch(signal)) {
          if (change.kind !== 'synced') follower.take(change);
          else {
            follower.synced?.();
            synced();
          }
        }
      } finally {
        follower.broke?.();
      }
    };
    this.#following = supervise(follow, { ...options, signal });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }
}
