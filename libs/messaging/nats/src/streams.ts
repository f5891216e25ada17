import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import type { NatsLimits } from './limits.js';
import { buckets, commandStream, commandSubjects, eventStream, eventSubjects, keySubject, streamOf, type BucketName } from './names.js';

/** What we say of a stream; the rest is as NATS makes it. */
export type StreamPlan = Partial<StreamConfig> & Pick<StreamConfig, 'name'>;

/** Every stream that FaceHash has on NATS, as it must be. */
export function streamPlans(limits: NatsLimits, replicas: number): readonly StreamPlan[] {
  const common = { storage: StorageType.File, num_replicas: replicas, max_msg_size: limits.valueBytes };
  return [...bucketPlans(limits), eventPlan(limits), commandPlan(limits)].map((plan) => ({ ...common, ...plan }));
}

function bucketPlans(limits: NatsLimits): readonly StreamPlan[] {
  const replicaTtl = nanos(limits.replicaTtlMs);
  return [
    bucketPlan('models', limits.modelsBytes),
    bucketPlan('people', limits.peopleBytes),
    {
      ...bucketPlan('replicas', limits.replicasBytes),
      max_age: replicaTtl,
      duplicate_window: Math.min(replicaTtl, nanos(limits.duplicateWindowMs)),
      // Leaves a marker where a key has come of age, which is how a watch is told.
      subject_delete_marker_ttl: replicaTtl,
    },
  ];
}

function bucketPlan(name: BucketName, bytes: number): StreamPlan {
  return {
    name: streamOf(name),
    description: `FaceHash: the bucket ${buckets[name]}`,
    subjects: [keySubject(name, '>')],
    retention: RetentionPolicy.Limits,
    max_msgs_per_subject: 1,
    max_bytes: bytes,
    // As other clients of NATS make buckets. A full one refuses: it must not forget a model for another.
    discard: DiscardPolicy.New,
    allow_rollup_hdrs: true,
    allow_msg_ttl: true,
    // Reads ask the leader, so they see what was written. A direct read would also go to where its asker wants it to, past his permissions.
    allow_direct: false,
  };
}

function eventPlan(limits: NatsLimits): StreamPlan {
  return {
    name: eventStream,
    description: 'FaceHash: events, the newest',
    subjects: [eventSubjects],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_msgs: limits.eventsMax,
    max_bytes: limits.eventsBytes,
    max_age: nanos(limits.eventsAgeMs),
  };
}

function commandPlan(limits: NatsLimits): StreamPlan {
  return {
    name: commandStream,
    description: 'FaceHash: commands for the controller',
    subjects: [commandSubjects],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_msgs: limits.commandsMax,
    max_bytes: limits.commandsBytes,
    duplicate_window: nanos(limits.duplicateWindowMs),
  };
}

/** What of a plan is not so, in words. */
export function differences(plan: StreamPlan, actual: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(plan).flatMap(([field, wanted]) => {
    const [is, must] = [JSON.stringify(actual[field]), JSON.stringify(wanted)];
    return is === must ? [] : [`${plan.name}: ${field} is ${is ?? 'not set'} and must be ${must}`];
  });
}

export function nanos(ms: number): number {
  return ms * 1_000_000;
}
