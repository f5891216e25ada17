/** What can be answered without waiting, as the promise that the port asks for: what `work` throws is its rejection. */
export function atOnce<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
