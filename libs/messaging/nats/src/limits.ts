import type { BackoffPolicy } from '@facehash/kernel';

/** Bounds of what is stored, and the times of this adapter. */
export interface NatsLimits {
  readonly modelsBytes: number;
  readonly peopleBytes: number;
  readonly replicasBytes: number;
  /** Of one value, command or event, headers included. NATS itself takes 1 MiB where it is not told otherwise. */
  readonly valueBytes: number;
  /** What a replica says of itself is forgotten when it has not said it again for so long. */
  readonly replicaTtlMs: number;
  /** How long a bucket remembers that a key was deleted. A watch needs it only to be told at once. */
  readonly deletedTtlMs: number;
  /**
   * How long it is kept that a model was deleted. A replica that was without NATS for longer goes on answering for it until it starts anew;
   * what of the model was left behind in stores that were away is erased by those that start within this time.
   */
  readonly tombstoneTtlMs: number;
  readonly eventsMax: number;
  readonly eventsBytes: number;
  readonly eventsAgeMs: number;
  readonly commandsMax: number;
  readonly commandsBytes: number;
  /** Within this time a command id that was sent is not queued again. */
  readonly duplicateWindowMs: number;
  /** The pause before a command comes again whose handler failed. */
  readonly redelivery: Pick<BackoffPolicy, 'firstMs' | 'maxMs'>;
  /** A command whose consumer is gone without a word comes again after this. */
  readonly ackWaitMs: number;
  /** Between pings of the server; the third that stays without an answer ends the connection. */
  readonly pingMs: number;
  /** The pause before the next try to connect. */
  readonly reconnect: Pick<BackoffPolicy, 'firstMs' | 'maxMs'>;
}

const MIB = 1024 * 1024;

export const defaultLimits: NatsLimits = {
  // 10,000 models of 2 KiB and as much again for what is being replaced.
  modelsBytes: 64 * MIB,
  // 1,000 people of 100 bytes in each of 10,000 models would be this.
  peopleBytes: 1024 * MIB,
  replicasBytes: 256 * MIB,
  valueBytes: MIB,
  replicaTtlMs: 60_000,
  deletedTtlMs: 3_600_000,
  tombstoneTtlMs: 30 * 86_400_000,
  eventsMax: 100_000,
  eventsBytes: 256 * MIB,
  eventsAgeMs: 7 * 86_400_000,
  // As many as there may be models: each has at most a few commands under way.
  commandsMax: 100_000,
  commandsBytes: 64 * MIB,
  // What JetStream does when it is told nothing else.
  duplicateWindowMs: 120_000,
  redelivery: { firstMs: 50, maxMs: 10_000 },
  ackWaitMs: 30_000,
  pingMs: 5_000,
  reconnect: { firstMs: 100, maxMs: 5_000 },
};
