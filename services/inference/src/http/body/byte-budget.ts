import { FaceHashError } from '@facehash/kernel';

/** What one request holds of the budget: `using held = budget.claim()` gives it back at the end of the block. */
export interface Claim extends Disposable {
  /** Throws OVERLOADED when all requests together would hold more than the budget. */
  take(bytes: number): void;
  /** Gives all of it back; the claim may take again. */
  release(): void;
}

/** Bounds the bytes of all bodies that are in memory at once. Counts what has arrived, not what a header promises. */
export class ByteBudget {
  #held = 0;

  constructor(private readonly bytesMax: number) {}

  get held(): number {
    return this.#held;
  }

  claim(): Claim {
    let mine = 0;
    const release = (): void => {
      this.#held -= mine;
      mine = 0;
    };
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.bytesMax) throw new FaceHashError('OVERLOADED', { bodies: this.#held });
        this.#held += bytes;
        mine += bytes;
      },
      release,
      [Symbol.dispose]: release,
    };
  }
}
