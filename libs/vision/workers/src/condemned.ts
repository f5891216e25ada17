import type { Clock } from '@facehash/kernel';

const REMEMBERED_MAX = 1000;
/** A client that sends the same picture again and again ends two workers an hour with it. */
const REMEMBERED_MS = 60 * 60_000;

/** Remembers by digest, for an hour, pictures that ended workers that looked at them. Bounded: the oldest is forgotten first. */
export class Condemned {
  /** Digest and when it is forgotten, oldest first. */
  readonly #pictures = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  get none(): boolean {
    return this.#pictures.size === 0;
  }

  has(sha256: string): boolean {
    const now = this.clock.now().getTime();
    for (const [picture, untilMs] of this.#pictures) {
      if (untilMs > now) break;
      this.#pictures.delete(picture);
    }
    return this.#pictures.has(sha256);
  }

  /** It was not the picture's doing. */
  acquit(sha256: string): void {
    this.#pictures.delete(sha256);
  }

  add(sha256: string): void {
    this.#pictures.delete(sha256);
    this.#pictures.set(sha256, this.clock.now().getTime() + REMEMBERED_MS);
    const [oldest] = this.#pictures.keys();
    if (this.#pictures.size > REMEMBERED_MAX && oldest !== undefined) this.#pictures.delete(oldest);
  }
}
