const REMEMBERED_MAX = 1000;
/** One loss may be an accident (the kernel was short of memory); the second one is the picture's doing. */
const LOSSES_MAX = 2;

/** Remembers by digest which pictures ended the worker that looked at them, so that none ends a third one. Bounded: the oldest is forgotten. */
export class Suspects {
  readonly #losses = new Map<string, number>();

  get none(): boolean {
    return this.#losses.size === 0;
  }

  condemned(sha256: string): boolean {
    return (this.#losses.get(sha256) ?? 0) >= LOSSES_MAX;
  }

  add(sha256: string): void {
    const losses = (this.#losses.get(sha256) ?? 0) + 1;
    this.#losses.delete(sha256);
    this.#losses.set(sha256, losses);
    const [oldest] = this.#losses.keys();
    if (this.#losses.size > REMEMBERED_MAX && oldest !== undefined) this.#losses.delete(oldest);
  }
}
