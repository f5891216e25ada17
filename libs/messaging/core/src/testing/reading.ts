const WAIT_MS = 10_000;
const POLL_MS = 5;

/** Resolves once the condition holds; the bound is for a network under load, not for what is measured. */
export async function eventually(condition: () => boolean, what = 'it'): Promise<void> {
  for (const latest = performance.now() + WAIT_MS; !condition();) {
    if (performance.now() > latest) throw new Error(`${what} did not come true within ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

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
  until(accept: (items: readonly T[]) => boolean): Promise<void> {
    return eventually(() => accept(this.items), 'what is read');
  }

  async #read(stream: AsyncIterable<T>): Promise<void> {
    for await (const item of stream) this.items.push(item);
  }
}
