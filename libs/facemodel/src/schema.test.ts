import { changeRules } from './changes.js';
import { faceModelSchema } from './crd/definition.js';
import { rulesOf } from './crd/fields.js';
import { parseManifestForOneMachine } from './one-machine.js';
import { CEL_RULES } from './rules.js';
import { parseManifest } from './schema.js';
import { dedicatedReplicas } from './serving-spec.js';
import { refusedManifests, takenSpecs } from './testing/refused.js';

const minimal = { apiVersion: 'facehash.dev/v1alpha1', kind: 'FaceModel', metadata: { name: 'front-door' } };

describe('a FaceModel manifest', () => {
  it('needs a name only: the rest has defaults', () => {
    const parsed = parseManifest(minimal);
    expect(parsed).toMatchObject({
      ok: true,
      manifest: {
        spec: {
          photosPerPerson: { min: 1, max: 500 },
          training: { debounceSeconds: 0.5, retries: 2, hyperparameters: { hiddenUnits: [64], epochs: 20 }, gate: { mode: 'Enforce' } },
          recognition: { falseAcceptTarget: 0.01, maxFaces: 16 },
          storageId: null,
          suspend: false,
        },
      },
    });
  });

  it('is trained on the CPU unless it asks for an accelerator', () => {
    const acceleratorOf = (training: unknown) => {
      const parsed = parseManifest({ ...minimal, spec: { training } });
      return parsed.ok ? parsed.manifest.spec.training.accelerator : parsed.problems;
    };
    expect(acceleratorOf({})).toBeNull();
    expect(acceleratorOf({ accelerator: {} })).toEqual({ resource: 'nvidia.com/gpu', count: 1, onUnavailable: 'UseCpu' });
    expect(acceleratorOf({ accelerator: { resource: 'nvidia.com/mig-1g.10gb', onUnavailable: 'Wait' } })).toMatchObject({
      resource: 'nvidia.com/mig-1g.10gb',
      onUnavailable: 'Wait',
    });
  });

  it.each([
    ['a name with capitals', { ...minimal, metadata: { name: 'Front' } }, 'metadata.name'],
    ['a name of 41 characters', { ...minimal, metadata: { name: 'a'.repeat(41) } }, 'metadata.name'],
    ['another kind', { ...minimal, kind: 'Pod' }, 'kind'],
    ['an unknown field', { ...minimal, spec: { training: { epoch: 5 } } }, 'spec.training'],
    ['a share above one half', { ...minimal, spec: { recognition: { falseAcceptTarget: 0.9 } } }, 'spec.recognition.falseAcceptTarget'],
    ['no accelerator at all', { ...minimal, spec: { training: { accelerator: { count: 0 } } } }, 'spec.training.accelerator.count'],
    [
      'an accelerator that nothing here is built for',
      { ...minimal, spec: { training: { accelerator: { resource: 'amd.com/gpu' } } } },
      'spec.training.accelerator.resource',
    ],
    [
      'another way to do without',
      { ...minimal, spec: { training: { accelerator: { onUnavailable: 'Fail' } } } },
      'spec.training.accelerator.onUnavailable',
    ],
    ['min above max', { ...minimal, spec: { photosPerPerson: { min: 9, max: 3 } } }, 'spec.photosPerPerson.min'],
    ['a path in the storage id', { ...minimal, spec: { storageId: '../../etc/passwd' } }, 'spec.storageId'],
    ['nothing at all', null, ''],
  ])('is refused with the path of the fault: %s', (_, value, path) => {
    const parsed = parseManifest(value);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.problems.map((p) => p.path)).toContain(path);
  });
});

describe('the rules between fields', () => {
  const parse = (name: string, spec: unknown) => parseManifest({ ...minimal, metadata: { name }, spec });

  it.each(refusedManifests)('refuse $what', ({ name = 'front-door', spec = {}, path, message }) => {
    expect(parse(name, spec)).toEqual({ ok: false, problems: expect.arrayContaining([{ path, message }]) });
  });

  it.each(takenSpecs.map((spec) => ({ spec })))('let $spec pass', ({ spec }) => {
    expect(parse('a'.repeat(40), spec)).toMatchObject({ ok: true });
  });

  it('are all tried, but for those about changes', () => {
    const tried = refusedManifests.map(({ path, message }) => `${path} ${message}`);
    const rules = rulesOf(faceModelSchema(), CEL_RULES).map(({ path, message }) => `${path} ${message}`);
    const ofChanges = changeRules.map(({ field, message }) => `spec.${field} ${message}`);
    expect(rules.length).toBeGreaterThan(8);
    expect([...new Set([...tried, ...ofChanges])].sort()).toEqual(rules.sort());
  });
});

describe('a FaceModel on one machine', () => {
  it.each([
    ['pods of its own', { serving: { mode: 'Dedicated' } }, 'spec.serving.mode', 'Dedicated needs a cluster'],
    ['a restart', { serving: { rollout: { strategy: 'RestartPods' } } }, 'spec.serving.rollout.strategy', 'RestartPods needs a cluster'],
    ['a training profile', { training: { profile: 'large' } }, 'spec.training.profile', 'needs a cluster'],
  ])('is refused %s, and told why', (_, spec, path, message) => {
    expect(parseManifest({ ...minimal, spec })).toMatchObject({ ok: true });
    expect(parseManifestForOneMachine({ ...minimal, spec })).toEqual({
      ok: false,
      problems: [{ path, message: expect.stringContaining(message) }],
    });
  });

  it('is otherwise what it is anywhere', () => {
    expect(parseManifestForOneMachine(minimal)).toEqual(parseManifest(minimal));
    expect(parseManifestForOneMachine({ ...minimal, kind: 'Pod' })).toEqual(parseManifest({ ...minimal, kind: 'Pod' }));
  });
});

describe('the pods of a Dedicated model', () => {
  it.each([
    ['two, where nothing is said', { replicas: null, autoscaling: null }, 2],
    ['as many as are asked for', { replicas: 5, autoscaling: null }, 5],
    [
      'at least as many as autoscaling leaves',
      { replicas: null, autoscaling: { minReplicas: 3, maxReplicas: 9, targetCpuPercent: 70 } },
      3,
    ],
  ])('are %s', (_, serving, pods) => {
    expect(dedicatedReplicas(serving)).toBe(pods);
  });
});
