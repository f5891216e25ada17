import { row, type Row } from './benchmark.js';

/** Laps as rows, and their sum. */
export class Stopwatch {
  readonly rows: Row[] = [];
  readonly #began = performance.now();
  #lapBegan = this.#began;

  lap(name: string): void {
    const now = performance.now();
    this.rows.push(row(name, (now - this.#lapBegan) / 1000, 's'));
    this.#lapBegan = now;
  }

  seconds(): number {
    return (this.#lapBegan - this.#began) / 1000;
  }
}
