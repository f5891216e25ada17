/** What no FaceModel may say, with the field and the sentence that it is refused with: by a parser and by an API server alike. */
export interface RefusedManifest {
  readonly what: string;
  readonly name?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Dotted path of the field that is to blame. */
  readonly path: string;
  readonly message: string;
}

const dedicated = { mode: 'Dedicated' };
const forDedicated = 'is for mode Dedicated: how many replicas share the models is the platform’s matter';
const moreThanSure = 'must not be above the replicas that a Dedicated model is sure to have';

/** One at least for each rule of the schema. */
export const refusedManifests: readonly RefusedManifest[] = [
  {
    what: 'a name of 41 characters',
    name: 'a'.repeat(41),
    path: 'metadata.name',
    message: 'must have at most 40 characters, so that the names of Jobs and Services made from it still fit',
  },
  {
    what: 'a name with a dot',
    name: 'front.door',
    path: 'metadata.name',
    message: 'must be a DNS label: lower-case letters, digits and hyphens, not at either end',
  },
  {
    what: 'at least more photos than at most',
    spec: { photosPerPerson: { min: 9, max: 3 } },
    path: 'spec.photosPerPerson.min',
    message: 'must not be above max',
  },
  { what: 'a burst of no rate', spec: { limits: { burst: 5 } }, path: 'spec.limits.burst', message: 'needs requestsPerSecond beside it' },
  {
    what: 'a burst beside a rate of null',
    spec: { limits: { burst: 5, requestsPerSecond: null } },
    path: 'spec.limits.burst',
    message: 'needs requestsPerSecond beside it',
  },
  { what: 'pods of its own for a Shared model', spec: { serving: { replicas: 3 } }, path: 'spec.serving.replicas', message: forDedicated },
  {
    what: 'autoscaling of a Shared model',
    spec: { serving: { mode: 'Shared', autoscaling: { maxReplicas: 3 } } },
    path: 'spec.serving.autoscaling',
    message: forDedicated,
  },
  {
    what: 'two who say how many replicas there are',
    spec: { serving: { ...dedicated, replicas: 3, autoscaling: { maxReplicas: 3 } } },
    path: 'spec.serving.replicas',
    message: 'must be left out beside autoscaling, which decides it',
  },
  {
    what: 'autoscaling from more to fewer',
    spec: { serving: { ...dedicated, autoscaling: { minReplicas: 4, maxReplicas: 3 } } },
    path: 'spec.serving.autoscaling.minReplicas',
    message: 'must not be above maxReplicas',
  },
  {
    what: 'autoscaling to fewer than the minimum that is filled in',
    spec: { serving: { ...dedicated, autoscaling: { maxReplicas: 1 } } },
    path: 'spec.serving.autoscaling.minReplicas',
    message: 'must not be above maxReplicas',
  },
  {
    what: 'a first wave of more than all pods',
    spec: { serving: { ...dedicated, replicas: 3, rollout: { firstWave: 4 } } },
    path: 'spec.serving.rollout.firstWave',
    message: moreThanSure,
  },
  {
    what: 'a first wave of more pods than autoscaling leaves',
    spec: { serving: { ...dedicated, autoscaling: { minReplicas: 2, maxReplicas: 9 }, rollout: { firstWave: 3 } } },
    path: 'spec.serving.rollout.firstWave',
    message: moreThanSure,
  },
  {
    what: 'a first wave of more pods than are made unasked',
    spec: { serving: { ...dedicated, rollout: { firstWave: 3 } } },
    path: 'spec.serving.rollout.firstWave',
    message: moreThanSure,
  },
];

/** Near the edge of each rule, on the right side of it. */
export const takenSpecs: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { photosPerPerson: { min: 3, max: 3 } },
  { training: { gate: { mode: 'Off' } } },
  { limits: { burst: 1, requestsPerSecond: 0.01 } },
  { limits: { burst: null, requestsPerSecond: null } },
  { serving: { replicas: null, autoscaling: null, rollout: { firstWave: 100 } } },
  { serving: { ...dedicated, rollout: { firstWave: 2 } } },
  { serving: { ...dedicated, replicas: 3, autoscaling: null, rollout: { firstWave: 3 } } },
  { serving: { ...dedicated, autoscaling: { minReplicas: 3, maxReplicas: 3 }, rollout: { firstWave: 3, strategy: 'RestartPods' } } },
  { storageId: null, training: { accelerator: null, profile: 'large' }, versions: { pin: null } },
  { training: { hyperparameters: { hiddenUnits: [], learningRate: 1, dropout: 0.9 }, accelerator: {} } },
];
