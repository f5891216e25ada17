import type { Person } from '@facehash/registry-core';

/** Whose photos a call brings: somebody who is known, or somebody new, who is made when the first photo of them is good. */
export class Owner {
  #person: Person | undefined;
  #making: Promise<Person> | undefined;

  constructor(
    readonly storageId: string,
    known: Person | undefined,
    private readonly make: () => Promise<Person>,
  ) {
    this.#person = known;
  }

  get known(): Person | undefined {
    return this.#person;
  }

  /** Photos that are worked on at once make one person. */
  async person(): Promise<Person> {
    if (this.#person) return this.#person;
    this.#making ??= this.make();
    try {
      this.#person = await this.#making;
      return this.#person;
    } finally {
      this.#making = undefined;
    }
  }
}
