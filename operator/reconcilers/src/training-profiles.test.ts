import { parseTrainingProfiles } from './training-profiles.js';

const least = { image: 'facehash/trainer:1', resources: { limits: { memory: '2Gi' } } };

/** `path: message` of everything that is wrong. */
function faults(value: unknown): readonly string[] {
  const parsed = parseTrainingProfiles(value);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('the training profiles', () => {
  it('need no more than an image and resources', () => {
    const parsed = parseTrainingProfiles({ default: least });
    expect(parsed.ok && parsed.profiles['default']).toEqual({
      image: 'facehash/trainer:1',
      imagePullSecrets: [],
      resources: { requests: {}, limits: { memory: '2Gi' } },
      nodeSelector: {},
      tolerations: [],
      labels: {},
      annotations: {},
      env: {},
      volumes: [],
      volumeMounts: [],
      acceleratorNodeSelector: {},
    });
  });

  it('take a number for a quantity, as YAML reads it', () => {
    const parsed = parseTrainingProfiles({ default: { ...least, resources: { requests: { cpu: 2 } } } });
    expect(parsed.ok && parsed.profiles['default']?.resources.requests).toEqual({ cpu: '2' });
  });

  it.each([
    ['have a default', { gpu: least }, ['default: is missing: it is what a FaceModel names that names none']],
    [
      'name every fault at once',
      { default: { ...least, resources: { limits: { memory: 'much' } }, queueName: 'A B' }, gpu: { resources: {} } },
      [
        'default.resources.limits.memory: must be a quantity such as 500m, 2 or 4Gi',
        'default.queueName: must be lower-case letters, digits, dots and hyphens',
        'gpu.image: Invalid input: expected string, received undefined',
      ],
    ],
    [
      'do not decide what is trained, or where it is stored',
      { default: { ...least, env: { FACEHASH_RUN: '{}', FACEHASH_S3_BUCKET: 'mine', LOG_LEVEL: 'debug' } } },
      [
        'default.env.FACEHASH_RUN: is set by the operator: leave it out',
        'default.env.FACEHASH_S3_BUCKET: is set by the operator: leave it out',
      ],
    ],
    ['know no other field', { default: { ...least, privileged: true } }, ['default: Unrecognized key: "privileged"']],
  ])('%s', (_, value, expected) => {
    expect(faults(value)).toEqual(expected);
  });
});
