const POLL_MS = 50;

/** Resolves when it holds; a question that fails is a no. Rejects after `withinMs`, with the last failure if there was one. */
export async function eventually(holds: () => Promise<boolean> | boolean, withinMs = 30_000): Promise<void> {
  let cause: unknown;
  for (const end = performance.now() + withinMs; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, POLL_MS))) {
    try {
      if (await holds()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`it did not come to hold within ${withinMs} ms: ${String(holds)}`, { cause });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
