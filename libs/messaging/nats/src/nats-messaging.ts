import { deadline } from '@facehash/kernel';
import {
  modelStateSchema,
  peopleProjectionSchema,
  replicaReportSchema,
  type Messaging,
  type ProgressMessage,
} from '@facehash/messaging-core';
import { Calls } from './calls.js';
import { defaultLimits } from './limits.js';
import { Link, type Health } from './link.js';
import { NatsBucket } from './nats-bucket.js';
import { NatsCommands } from './nats-commands.js';
import { NatsEvents } from './nats-events.js';
import type { NatsOptions } from './options.js';
import { followProgress } from './progress.js';
import { setUpStreams } from './setup.js';
import { streamPlans } from './streams.js';
import { aborted } from './waiting.js';

export interface NatsMessaging extends Messaging {
  /** Whether calls can be answered now, as far as is known: asks nobody. */
  health(): Health;
  /**
   * What training runs say of how far they are, until the signal aborts. Nothing keeps it: whoever was not connected hears the newest a few
   * seconds later. `hear` may not throw.
   */
  followProgress(hear: (message: ProgressMessage) => void, signal: AbortSignal): Promise<void>;
}

const TIMEOUT_MS = 5_000;

/**
 * State, events and commands on NATS JetStream. Resolves at once, also when the server is away: it is connected to in the background for
 * as long as it takes, and calls fail in their time until then.
 * @throws {TypeError} for an address that is none
 */
export function openNatsMessaging(options: NatsOptions): Promise<NatsMessaging> {
  return new Promise((resolve) => resolve(open(options)));
}

function open(options: NatsOptions): NatsMessaging {
  const { setup = 'make', replicas = 1, timeoutMs = TIMEOUT_MS } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const plans = streamPlans(limits, replicas);
  const closing = new AbortController();
  const closed = closing.signal;
  // What is being handled may still be acknowledged after everything else has ended.
  const hangingUp = new AbortController();
  const link = new Link({
    options,
    limits,
    timeoutMs,
    prepare: (session) => setUpStreams(session, setup, plans),
    closed: hangingUp.signal,
  });
  const calls = new Calls({ link, options, timeoutMs, closed });
  const shared = { link, calls, options, closed };
  const bucket = { ...shared, deletedTtlMs: limits.deletedTtlMs };
  const commands = new NatsCommands({ ...shared, limits });
  return {
    models: new NatsBucket({
      ...bucket,
      name: 'models',
      schema: (value) => modelStateSchema.safeParse(value),
      // For ever, they would fill the bucket, which refuses then what is said of those that live.
      ttlMsOf: ({ tombstone }) => (tombstone ? limits.tombstoneTtlMs : undefined),
    }),
    people: new NatsBucket({ ...bucket, name: 'people', schema: (value) => peopleProjectionSchema.safeParse(value) }),
    replicas: new NatsBucket({ ...bucket, name: 'replicas', schema: (value) => replicaReportSchema.safeParse(value) }),
    events: new NatsEvents(shared),
    commands,
    followProgress: (hear, signal) => followProgress(link, hear, AbortSignal.any([signal, closed])),
    health: () => (closed.aborted ? { ok: false, why: 'closed' } : link.health),
    async close() {
      closing.abort();
      await Promise.race([commands.idle(), aborted(deadline(timeoutMs))]);
      hangingUp.abort();
      await link.ended();
    },
  };
}
