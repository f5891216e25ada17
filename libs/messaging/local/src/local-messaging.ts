import { systemRandom, type Clock, type Random } from '@facehash/kernel';
import { modelStateSchema, peopleProjectionSchema, replicaReportSchema, type Messaging } from '@facehash/messaging-core';
import { LocalBucket } from './local-bucket.js';
import { LocalCommands } from './local-commands.js';
import { LocalEvents } from './local-events.js';

export interface LocalMessagingOptions {
  readonly clock: Clock;
  readonly random?: Random;
}

/**
 * State, events and commands inside one process: what NATS JetStream is to a cluster. Nothing survives the process, which is no loss:
 * the controller publishes again from what is stored.
 */
export function openLocalMessaging({ clock, random = systemRandom }: LocalMessagingOptions): Messaging {
  const closing = new AbortController();
  const { signal } = closing;
  return {
    models: new LocalBucket((value) => modelStateSchema.safeParse(value), signal),
    people: new LocalBucket((value) => peopleProjectionSchema.safeParse(value), signal),
    replicas: new LocalBucket((value) => replicaReportSchema.safeParse(value), signal),
    events: new LocalEvents(signal),
    commands: new LocalCommands(clock, random, signal),
    close: async () => closing.abort(),
  };
}
