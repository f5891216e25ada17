import type { Clock, Logger, Random } from '@facehash/kernel';
import type { NatsAuth } from './credentials.js';
import type { NatsLimits } from './limits.js';

/** `make` creates or changes what is not as it must be, `check` says what differs, `none` is for who may not look and takes it as given. */
export type SetupMode = 'make' | 'check' | 'none';

export interface NatsOptions {
  /** `nats://host:4222` or `tls://host:4222`; tried in a random order. */
  readonly servers: readonly string[];
  readonly auth?: NatsAuth;
  /** PEM. Read anew for each connection. With it, or a `tls://` server, nothing is said without TLS. */
  readonly caFile?: string;
  /** Of the connection, as NATS' monitoring shows it: the pod. */
  readonly name: string;
  /** Where answers arrive: a role may listen below its own prefix only. */
  readonly inboxPrefix?: string;
  /** Copies of each stream and bucket. */
  readonly replicas?: 1 | 3 | 5;
  readonly setup?: SetupMode;
  readonly limits?: Partial<NatsLimits>;
  /** Of one call. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
