import { systemRandom, type Clock, type Random } from '@facehash/kernel';
import { modelStateSchema, peopleProjectionSchema, replicaReportSchema, type Messaging } from '@facehash/messaging-core';
import { atOnce } from './at-once.js';
import { defaultLimits, type LocalMessagingLimits } from './limits.js';
import { LocalBucket } from './local-bucket.js';
import { LocalCommands } from './local-commands.js';
import { LocalEvents } from './local-events.js';

export interface LocalMessagingOptions {
  readonly clock: Clock;
  readonly random?: Random;
  readonly limits?: Partial<LocalMessagingLimits>;
}

/**
 * State, events and commands inside one process: what NATS JetStream is to a cluster. Nothing survives the process, which is no loss:
 * the controller publishes again from what is stored.
 */
export function openLocalMessaging({ clock, random = systemRandom, limits: own = {} }: LocalMessagingOptions): Messaging {
  const closing = new AbortController();
  const { signal: closed } = closing;
  const limits = { ...defaultLimits, ...own };
  return {
    models: new LocalBucket((value) => modelStateSchema.safeParse(value), closed),
    people: new LocalBucket((value) => peopleProjectionSchema.safeParse(value), closed),
    replicas: new LocalBucket((value) => replicaReportSchema.safeParse(value), closed),
    events: new LocalEvents(limits.eventsKept, closed),
    commands: new LocalCommands({ limits, clock, random, closed }),
    close: () => atOnce(() => closing.abort()),
  };
}
