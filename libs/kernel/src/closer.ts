type Close = () => Promise<void> | void;

/** Closes what was opened, last first. One failing close does not keep the others from running. */
export class Closer {
  readonly #closers: { readonly name: string; readonly close: Close }[] = [];

  /** Remember how to release what was just acquired. */
  defer(name: string, close: Close): void {
    this.#closers.push({ name, close });
  }

  /** Safe to call more than once. Throws an AggregateError when any close failed, after all of them ran. */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, close } of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (cause) {
        failures.push(new Error(`closing ${name} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'shutdown was not clean');
  }
}
