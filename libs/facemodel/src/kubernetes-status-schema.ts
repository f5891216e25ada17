import { z } from 'zod';

export const MESSAGE_LENGTH_MAX = 1024;

const text = (description: string, max = 253) => z.string().max(max).meta({ description });
const time = (description: string) => z.string().max(40).meta({ description, format: 'date-time' });
const count = (description: string) => z.int().min(0).meta({ description });
const share = (description: string) => z.number().min(0).max(1).nullable().default(null).meta({ description });
const message = (description: string) => text(description, MESSAGE_LENGTH_MAX);

/**
 * Null and absent say the same, because a patch can do no more than take a field away. New fields come with a default, so that a status
 * that an older operator wrote stays readable.
 */
const versionSummary = z.object({
  name: text('Named by what it was made of: the same photos and settings give the same name.', 63),
  snapshot: count('Counter of the snapshot that it was trained on, or of a newer one with the same photos.'),
  trainedAt: time('When.'),
  people: count('People whom it knows.'),
  photos: count('Photos that it was trained on.'),
  rank1: share('Share of photos whose person is the nearest, out of fold; null: too few photos to tell.'),
  knownAcceptRate: share('Share of photos that are named at the false accept target, out of fold; null: too few photos to tell.'),
  backend: text('What it was computed on.', 63),
  pipeline: text('The detector, landmarks, chip and network that made its descriptors.'),
});

const trainingFailure = z.object({
  run: text('Whose report tells more; null: no run failed, as when a rollout was taken back.', 100).nullable().default(null),
  version: text('What was to be made.', 63),
  snapshot: count('Of these photos.'),
  attempt: count('Which try it was, from 1.'),
  final: z.boolean().meta({ description: 'Only new photos or a changed spec start training again.' }),
  code: text('Why, for programs.', 63),
  message: message('Why, for people.'),
  at: time('When.'),
  generation: count('Of the spec that was in force.'),
});

const training = z
  .object({
    run: text('Name of the run that is under way; null: none is.', 100).nullable().default(null),
    jobName: text('Its Job, in the platform’s namespace.', 63).nullable().default(null),
    stage: z
      .enum(['Starting', 'Collecting', 'Extracting', 'Fitting', 'Calibrating', 'Evaluating', 'Publishing'])
      .nullable()
      .default(null)
      .meta({ description: 'What the run is doing.' }),
    percent: z.number().min(0).max(100).nullable().default(null).meta({ description: 'How far it is, in steps of five.' }),
    attempt: count('Which try it is, from 1; 0: none is under way.'),
    waitingFor: message('Why the run does not begin, such as a node with room or its image; null: nothing is in its way.')
      .nullable()
      .default(null),
    queuePosition: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .meta({ description: 'Place among the runs that wait for others to end, from 1; 0: it has begun; null: no run is wanted.' }),
    lastFailure: trainingFailure
      .nullable()
      .default(null)
      .meta({ description: 'Why a snapshot did not become a version; null: the last one did.' }),
  })
  .meta({ description: 'The training run.' });

const rollout = z.object({
  version: versionSummary.meta({ description: 'The version that is on its way.' }),
  wave: z.enum(['First', 'All']).meta({ description: 'First: only `replicas` take it. All: everyone does.' }),
  replicas: z.array(z.string().max(253)).max(1000).readonly().meta({ description: 'UIDs of the pods that promotion waits for.' }),
  waveStartedAt: time('When; the progress deadline counts from there.'),
});

const quarantined = z
  .object({
    personId: text('Who.', 63),
    photosDigest: text('Of the photos: others get a new chance.', 64),
    run: text('The run that found it, whose report tells more.', 100),
    message: message('What was found.'),
    at: time('When.'),
  })
  .meta({ description: 'Somebody whose photos spoiled the recognition of others.' });

const condition = z
  .object({
    type: text('What it is about.', 63),
    status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it holds.' }),
    reason: text('Why, for programs.', 63),
    message: message('Why, for people: what happens now, or what to do.'),
    lastTransitionTime: time('When its status last changed.'),
    observedGeneration: count('Generation of the spec that it was found for.'),
  })
  .meta({ description: 'One thing that holds or does not.' });

const swept = z.object({
  version: text('The version that answered; null: none did.', 63).nullable().default(null),
  snapshot: count('The newest snapshot then.'),
  erased: z
    .array(z.string().max(63))
    .max(10_000)
    .readonly()
    .meta({ description: 'Ids of people who are being erased and whom nothing that is stored lists any more.' }),
});

const replicas = z
  .object({
    total: count('Replicas that are ready.'),
    updated: count('Those of them that hold the version that is on its way, or else the one that answers.'),
    failed: count('Those of them that could not take it over.'),
  })
  .meta({ description: 'Who answers.' });

const apiKey = z.object({
  secretName: text('The Secret that holds the key.'),
  oldKeyValidUntil: time('Until when the key before it is valid, too.').nullable().default(null),
  hashes: z
    .array(
      z
        .string()
        .length(64)
        .regex(/^[0-9a-f]*$/),
    )
    .max(2)
    .readonly()
    .default([])
    .meta({ description: 'SHA-256 of the key, and of the one before it, by which keys are known without being stored.' }),
  rotation: text('The text of the annotation `facehash.dev/rotate-api-key` that was served last; null: none was.', 64)
    .nullable()
    .default(null),
});

const samples = z
  .object({
    people: count('People in the newest snapshot.'),
    photos: count('Photos in it.'),
    snapshot: z.int().min(0).nullable().default(null).meta({ description: 'Its counter; null: there is none yet.' }),
  })
  .meta({ description: 'What is enrolled, as far as there is a snapshot of it.' });

/** `status` as the operator writes it: what `FaceModelStatus` says, and what only a cluster has. */
export const kubernetesStatus = z.object({
  phase: z
    .enum(['Empty', 'Waiting', 'Training', 'RollingOut', 'Ready', 'Degraded', 'Suspended', 'Deleting'])
    .meta({ description: 'What the model is doing, in one word.' }),
  storageId: text('What everything of the model is stored under.', 63),
  samples,
  activeVersion: versionSummary.nullable().default(null).meta({ description: 'The version that answers; null: none does.' }),
  targetVersion: text('The version that replicas are taking over; null: none is on its way.', 63).nullable().default(null),
  activation: z
    .object({ version: text('Its name.', 63), at: time('When.') })
    .nullable()
    .default(null)
    .meta({ description: 'A version that was activated by hand; null: the photos decide, or the pin.' }),
  rollout: rollout.nullable().default(null).meta({ description: 'A version on its way to the replicas; null: none is.' }),
  training,
  quarantined: z
    .array(quarantined)
    .max(10_000)
    .readonly()
    .meta({
      description: 'People who are left out of training for as long as their photos stay the same.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['personId'],
    }),
  swept: swept
    .nullable()
    .default(null)
    .meta({ description: 'What the store was last tidied for: nothing older that is not kept on purpose is in it.' }),
  replicas,
  apiKey: apiKey.nullable().default(null).meta({ description: 'Where the owner finds the key; null: it is not made yet.' }),
  conditions: z
    .array(condition)
    .max(20)
    .readonly()
    .meta({
      description: 'What a person or `kubectl wait` asks for.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    }),
  observedGeneration: count('Generation of the spec that this status was found for.'),
});
export type KubernetesStatus = z.output<typeof kubernetesStatus>;
