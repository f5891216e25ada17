import type { BackoffPolicy } from '@facehash/kernel';

export interface LocalMessagingLimits {
  /** Events of all models that are kept for who comes back. */
  readonly eventsKept: number;
  readonly commandsWaiting: number;
  /** Within this time a command id that was sent is not queued again. */
  readonly duplicateWindowMs: number;
  /** A bound on the ids of that window. */
  readonly commandIdsRemembered: number;
  /** The pause before a command comes again. */
  readonly redelivery: Pick<BackoffPolicy, 'firstMs' | 'maxMs'>;
}

export const defaultLimits: LocalMessagingLimits = {
  eventsKept: 1000,
  // As many as there may be models: each has at most a few commands under way.
  commandsWaiting: 100_000,
  // What JetStream does when it is told nothing else.
  duplicateWindowMs: 120_000,
  commandIdsRemembered: 100_000,
  redelivery: { firstMs: 50, maxMs: 10_000 },
};
