import { parseManifest } from './schema.js';

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
