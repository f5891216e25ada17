import type { Command, CommandQueue } from '@facehash/messaging-core';

/** Commands of one model that nothing comes of must not hold up those of others. */
const AT_ONCE = 8;

/** Handles several commands at once, each as `consume` does. Ends, and rejects, as the first of its consumers does. */
export async function consumeSideBySide(
  commands: Pick<CommandQueue, 'consume'>,
  handle: (command: Command) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const end = AbortSignal.any([signal, stop.signal]);
  const consumers = Array.from({ length: AT_ONCE }, () => commands.consume(handle, end).finally(() => stop.abort()));
  const ended = await Promise.allSettled(consumers);
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
