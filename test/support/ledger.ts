import { createHash } from 'node:crypto';

/** What a client was told: the digests of the photos that the service acknowledged, by person. Lives outside the product. */
export class Ledger {
  readonly #acknowledged = new Map<string, Set<string>>();

  acknowledge(personId: string, photo: Uint8Array): void {
    const digests = this.#acknowledged.get(personId) ?? new Set();
    digests.add(createHash('sha256').update(photo).digest('hex'));
    this.#acknowledged.set(personId, digests);
  }

  get size(): number {
    return [...this.#acknowledged.values()].reduce((n, digests) => n + digests.size, 0);
  }

  /** What of it is not in `found` (person id to digests). */
  missingFrom(found: ReadonlyMap<string, ReadonlySet<string>>): string[] {
    return [...this.#acknowledged].flatMap(([person, digests]) =>
      [...digests].filter((d) => !found.get(person)?.has(d)).map((d) => `${person}/${d}`),
    );
  }
}
