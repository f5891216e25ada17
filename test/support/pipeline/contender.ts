/** A way from a photo to a descriptor. `stages` come in order; each passes its result on by itself. */
export interface Contender {
  /** Names the time of each stage in ms, on this thread and of this process alone. False: no face was found. */
  describe(photo: Buffer, times: StageTimes): Promise<boolean>;
  close(): Promise<void>;
}

/** CPU time by stage, summed. */
export class StageTimes {
  readonly #ms = new Map<string, number>();

  async of<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
    const before = process.cpuUsage();
    const result = await work();
    const { user, system } = process.cpuUsage(before);
    this.#ms.set(stage, (this.#ms.get(stage) ?? 0) + (user + system) / 1000);
    return result;
  }

  clear(): void {
    this.#ms.clear();
  }

  perPhoto(photos: number): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#ms].map(([stage, ms]) => [stage, ms / photos]));
  }
}
