import { eventually } from '@facehash/testing';

/** Reads a stream into a list until it ends. */
export class Reading<T> {
  readonly items: T[] = [];
  /** Resolves when the stream ends; rejects when it fails. */
  readonly ended: Promise<void>;

  constructor(stream: AsyncIterable<T>) {
    this.ended = this.#read(stream);
    // A failure is for who awaits the end; until then it is not unhandled.
    this.ended.catch(() => undefined);
  }

  /** Waits until what was read satisfies `accept`. */
  async until(accept: (items: readonly T[]) => boolean): Promise<void> {
    await eventually(() => this.items, accept);
  }

  async #read(stream: AsyncIterable<T>): Promise<void> {
    for await (const item of stream) this.items.push(item);
  }
}
