import { z } from 'zod';
import { withRules } from './rules.js';

/** Pods of a Dedicated model that says nothing: one may go, and the other answers. */
const DEDICATED_REPLICAS = 2;

const replicas = z.int().min(1).max(100);

const autoscaling = withRules(
  z.strictObject({
    minReplicas: replicas.default(DEDICATED_REPLICAS).meta({ description: 'Never fewer pods than these.' }),
    maxReplicas: replicas.meta({ description: 'Never more pods than these.' }),
    targetCpuPercent: z.int().min(1).max(100).default(70).meta({
      description: 'Pods are added and taken away so that they are this busy on average, in percent of the CPU that they ask for.',
    }),
  }),
  [
    {
      field: 'minReplicas',
      message: 'must not be above maxReplicas',
      holds: ({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas,
      cel: 'self.minReplicas <= self.maxReplicas',
    },
  ],
);

const rollout = z
  .strictObject({
    strategy: z.enum(['HotSwap', 'RestartPods']).default('HotSwap').meta({
      description:
        'HotSwap: running replicas load the new version beside the old one and swap. RestartPods: Kubernetes replaces the pods, none before its successor answers. RestartPods is for clusters.',
    }),
    firstWave: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .meta({ description: 'So many replicas take a new version first; all others follow once these answer with it. Of HotSwap.' }),
    progressDeadlineSeconds: z
      .int()
      .min(1)
      .max(86400)
      .default(120)
      .meta({ description: 'A first wave that takes longer is rolled back; the others are waited for, and the status says so.' }),
  })
  .prefault({})
  .meta({ description: 'How replicas take a new version over.' });

type Serving = z.output<typeof fields>;

const fields = z.strictObject({
  mode: z.enum(['Shared', 'Dedicated']).default('Shared').meta({
    description:
      'Shared: the platform’s replicas answer for this model as for all others. Dedicated: pods of its own do, behind the same address. Dedicated is for clusters.',
  }),
  replicas: replicas
    .nullable()
    .default(null)
    .meta({ description: `How many pods a Dedicated model has; null: ${DEDICATED_REPLICAS}, or what autoscaling says.` }),
  autoscaling: autoscaling
    .nullable()
    .default(null)
    .meta({ description: 'Pods of a Dedicated model come and go with their load; null: they do not.' }),
  rollout,
});

/** How many pods a Dedicated model is sure to have. */
export function dedicatedReplicas({ replicas: wanted, autoscaling: scaled }: Pick<Serving, 'replicas' | 'autoscaling'>): number {
  return scaled?.minReplicas ?? wanted ?? DEDICATED_REPLICAS;
}

const forDedicated = 'is for mode Dedicated: how many replicas share the models is the platform’s matter';

export const serving = withRules(fields, [
  {
    field: 'replicas',
    message: forDedicated,
    holds: (s) => s.mode === 'Dedicated' || s.replicas === null,
    cel: "self.mode == 'Dedicated' || !has(self.replicas)",
  },
  {
    field: 'autoscaling',
    message: forDedicated,
    holds: (s) => s.mode === 'Dedicated' || s.autoscaling === null,
    cel: "self.mode == 'Dedicated' || !has(self.autoscaling)",
  },
  {
    field: 'replicas',
    message: 'must be left out beside autoscaling, which decides it',
    holds: (s) => s.replicas === null || s.autoscaling === null,
    cel: '!has(self.replicas) || !has(self.autoscaling)',
  },
  {
    field: 'rollout.firstWave',
    message: 'must not be above the replicas that a Dedicated model is sure to have',
    holds: (s) => s.mode !== 'Dedicated' || s.rollout.firstWave <= dedicatedReplicas(s),
    cel: `self.mode != 'Dedicated' || self.rollout.firstWave <= (has(self.autoscaling) ? self.autoscaling.minReplicas : (has(self.replicas) ? self.replicas : ${DEDICATED_REPLICAS}))`,
  },
])
  .prefault({})
  .meta({ description: 'Who answers, and how a new version gets there.' });
