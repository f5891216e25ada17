/** Asks until it holds, and resolves to when that was, in ms. */
export async function waitUntil(
  holds: () => Promise<boolean>,
  { everyMs, timeoutMs }: { readonly everyMs: number; readonly timeoutMs: number },
): Promise<number> {
  for (const end = performance.now() + timeoutMs; ;) {
    if (await holds()) return performance.now();
    if (performance.now() > end) throw new Error(`it did not come to hold within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
