/** Runs `work` while no other process on this machine runs work under the same name. */
export function withLock<T>(name: string, work: () => Promise<T>, options?: { onWait?: () => void }): Promise<T>;
