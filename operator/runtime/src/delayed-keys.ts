interface Entry {
  readonly key: string;
  readonly dueAtMs: number;
}

/** Keys that are due later, the earliest first: a binary heap. Of each key the last word counts; what it replaced is skipped when it comes up. */
export class DelayedKeys {
  readonly #dueAtMs = new Map<string, number>();
  #heap: Entry[] = [];

  get size(): number {
    return this.#dueAtMs.size;
  }

  /** When the first is due. */
  get nextAtMs(): number | undefined {
    this.#skip();
    return this.#heap[0]?.dueAtMs;
  }

  has(key: string): boolean {
    return this.#dueAtMs.has(key);
  }

  /** Of two times the earlier one holds. */
  add(key: string, dueAtMs: number): void {
    const known = this.#dueAtMs.get(key);
    if (known !== undefined && known <= dueAtMs) return;
    this.#dueAtMs.set(key, dueAtMs);
    this.#heap.push({ key, dueAtMs });
    this.#up(this.#heap.length - 1);
    if (this.#heap.length > 2 * this.#dueAtMs.size + 64) this.#rebuild();
  }

  delete(key: string): void {
    this.#dueAtMs.delete(key);
  }

  /** Takes out the first key that is due. */
  takeDue(nowMs: number): string | undefined {
    this.#skip();
    const [first] = this.#heap;
    if (first === undefined || first.dueAtMs > nowMs) return undefined;
    this.#dueAtMs.delete(first.key);
    this.#pop();
    return first.key;
  }

  #skip(): void {
    for (let [first] = this.#heap; first !== undefined; [first] = this.#heap) {
      if (this.#dueAtMs.get(first.key) === first.dueAtMs) return;
      this.#pop();
    }
  }

  #rebuild(): void {
    // Sorted is a heap, too.
    this.#heap = [...this.#dueAtMs].map(([key, dueAtMs]) => ({ key, dueAtMs })).sort((a, b) => a.dueAtMs - b.dueAtMs);
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfEarlier(at, parent)) return;
      at = parent;
    }
  }

  #down(from: number): void {
    for (let at = from; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#at(right) < this.#at(left) ? right : left;
      if (!this.#swapIfEarlier(child, at)) return;
      at = child;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    const [a, b] = [this.#heap[lower], this.#heap[upper]];
    if (a === undefined || b === undefined || a.dueAtMs >= b.dueAtMs) return false;
    [this.#heap[lower], this.#heap[upper]] = [b, a];
    return true;
  }

  #at(index: number): number {
    return this.#heap[index]?.dueAtMs ?? Number.POSITIVE_INFINITY;
  }
}
