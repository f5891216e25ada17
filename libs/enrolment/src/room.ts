/** How many more photos one call may add. Counted once: two calls at once may together go over by what one of them adds. */
export class Room {
  #left: number;
  #held: number;
  /** Why there is no more. */
  readonly why: string;

  constructor(held: number, { left, why }: { readonly left: number; readonly why: string }) {
    this.#held = held;
    this.#left = left;
    this.why = why;
  }

  /** Photos that the person has. */
  get held(): number {
    return this.#held;
  }

  /** A place for one photo; false when there is none. */
  take(): boolean {
    if (this.#left <= 0) return false;
    this.#left--;
    this.#held++;
    return true;
  }

  /** The photo came to nothing. */
  giveBack(): void {
    this.#left++;
    this.#held--;
  }
}
