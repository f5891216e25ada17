import { z } from 'zod';

const hyperparameters = z
  .strictObject({
    hiddenUnits: z
      .array(z.int().min(1).max(1024))
      .max(4)
      .default([64])
      .meta({ description: 'Widths of the trainable branch’s hidden layers.' }),
    epochs: z.int().min(0).max(1000).default(20).meta({ description: 'Of the trainable branch. 0: the imprinted layer stands alone.' }),
    batchSize: z.int().min(1).max(4096).default(32).meta({ description: 'Photos that one step of the fit looks at.' }),
    learningRate: z.number().positive().max(1).default(0.001).meta({ description: 'How far one step of the fit goes.' }),
    dropout: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .meta({ description: 'Share of the hidden units that each step leaves out, so that none is relied on.' }),
    l2: z.number().min(0).max(1).default(0.0001).meta({ description: 'Weight of the penalty on large weights.' }),
    seed: z
      .int()
      .min(0)
      .max(2147483647)
      .default(1)
      .meta({ description: 'Of everything that is drawn by lot: the same seed, the same model.' }),
  })
  .prefault({})
  .meta({ description: 'Of the fit. A change of any of them makes another version.' });

/** No part of a version's name: the numbers that come out are the same to within rounding, and the version says what made it. */
const accelerator = z.strictObject({
  resource: z
    .string()
    .max(100)
    .regex(/^nvidia\.com\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be a resource of nvidia.com: TensorFlow is built for no other GPU here')
    .default('nvidia.com/gpu')
    .meta({ description: 'What a cluster reserves for a run; one machine has no reservations.' }),
  count: z.int().min(1).max(8).default(1).meta({ description: 'How many of it; a run computes on the first.' }),
  onUnavailable: z
    .enum(['UseCpu', 'Wait'])
    .default('UseCpu')
    .meta({ description: 'Wait: no run without a GPU, tried again until there is one. UseCpu: a GPU where there is one.' }),
});

const gate = z
  .strictObject({
    mode: z.enum(['Enforce', 'Warn', 'Off']).default('Enforce').meta({
      description:
        'Enforce: a version that is significantly worse never answers. Warn: it does, and its report says so. Off: nobody looks; in YAML it needs quotes.',
    }),
  })
  .prefault({})
  .meta({ description: 'Compares a new version with the one that answers, on the photos that both know.' });

export const training = z
  .strictObject({
    profile: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and hyphens, not at either end')
      .default('default')
      .meta({
        description: 'Names what the platform’s admin wrote down for runs like these: image, resources, nodes, queue. For clusters.',
      }),
    debounceSeconds: z
      .number()
      .min(0)
      .max(3600)
      .default(0.5)
      .meta({ description: 'How long photos are collected before a snapshot of them is trained on.' }),
    hyperparameters,
    accelerator: accelerator.nullable().default(null).meta({ description: 'What the key’s model is fitted on; null: the CPU.' }),
    deadlineSeconds: z
      .int()
      .min(10)
      .max(86400)
      .default(1800)
      .meta({ description: 'A run that takes longer is ended and counts as failed.' }),
    startDeadlineSeconds: z.int().min(5).max(86400).default(120).meta({
      description:
        'A run whose pod does not start within this is given up: tried on the CPU where the accelerator allows it, else as a failure. In clusters.',
    }),
    retries: z.int().min(0).max(10).default(2).meta({ description: 'How often a failed run is tried again before new photos must come.' }),
    gate,
  })
  .prefault({})
  .meta({ description: 'How a version is made from the photos.' });
