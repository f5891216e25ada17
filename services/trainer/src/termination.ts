import { writeFileSync } from 'node:fs';
import type { RunOutcome } from '@facehash/artifacts';
import type { Logger } from '@facehash/kernel';

/** Kubernetes keeps 4096 bytes of a termination message; beside the text there are names and quotes. */
const TEXT_BYTES_MAX = 3500;

/** Leaves the outcome where the process that started this one looks for it. The exit code says the same, so a failure is only logged. */
export function writeTermination(path: string | undefined, outcome: RunOutcome, logger: Logger): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, JSON.stringify(shortened(outcome)));
  } catch (error) {
    logger.warn('the termination message was not written', { path, error });
  }
}

export function shortened(outcome: RunOutcome): RunOutcome {
  if (outcome.outcome === 'trained') return outcome;
  const bytes = Buffer.from(outcome.message);
  if (bytes.length <= TEXT_BYTES_MAX) return outcome;
  return {
    ...outcome,
    message: `${bytes
      .subarray(0, TEXT_BYTES_MAX)
      .toString()
      .replace(/\uFFFD$/, '')}…`,
  };
}
