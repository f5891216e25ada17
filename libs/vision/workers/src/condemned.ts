const REMEMBERED_MAX = 1000;

/** Remembers by digest the pictures that ended the workers that looked at them, so that they end no more. Bounded: the oldest is forgotten. */
export class Condemned {
  readonly #pictures = new Set<string>();

  get none(): boolean {
    return this.#pictures.size === 0;
  }

  has(sha256: string): boolean {
    return this.#pictures.has(sha256);
  }

  add(sha256: string): void {
    this.#pictures.add(sha256);
    const [oldest] = this.#pictures;
    if (this.#pictures.size > REMEMBERED_MAX && oldest !== undefined) this.#pictures.delete(oldest);
  }
}
