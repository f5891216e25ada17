import { FaceHashError } from '@facehash/kernel';
import { backendFor } from './backend.js';

const native = (device: 'auto' | 'cpu' | 'gpu') => ({ name: 'tensorflow' as const, addonDir: '/addon', device });
const asking = (onUnavailable: 'UseCpu' | 'Wait') => ({ resource: 'nvidia.com/gpu', count: 1, onUnavailable });

describe('what a run computes on', () => {
  it.each([
    ['asks for nothing', null, 'auto', 'cpu'],
    ['asks for nothing', null, 'gpu', 'gpu'],
    ['asks for nothing', null, 'cpu', 'cpu'],
    ['prefers a GPU', asking('UseCpu'), 'auto', 'auto'],
    ['prefers a GPU', asking('UseCpu'), 'gpu', 'gpu'],
    ['prefers a GPU', asking('UseCpu'), 'cpu', 'cpu'],
    ['demands a GPU', asking('Wait'), 'auto', 'gpu'],
    ['demands a GPU', asking('Wait'), 'gpu', 'gpu'],
  ] as const)('where the FaceModel %s (%j) and the machine is set to %s is %s', (_, accelerator, configured, device) => {
    expect(backendFor(native(configured), accelerator)).toEqual(native(device));
  });

  it.each(['wasm', 'cpu'] as const)('is %s where that is configured and a GPU is not demanded', (name) => {
    for (const accelerator of [null, asking('UseCpu')]) expect(backendFor({ name }, accelerator)).toEqual({ name });
  });

  it.each([
    [{ name: 'wasm' as const }, 'this trainer computes on wasm'],
    [{ name: 'cpu' as const }, 'this trainer computes on cpu'],
    [native('cpu'), 'FACEHASH_TENSORFLOW_DEVICE=cpu forbids it'],
  ])('is nothing where a GPU is demanded of %j', (configured, detail) => {
    const asked = () => backendFor(configured, asking('Wait'));
    expect(asked).toThrow(FaceHashError);
    try {
      asked();
    } catch (error) {
      expect(error).toMatchObject({ code: 'GPU_UNAVAILABLE', retry: 'backoff', details: { detail: expect.stringContaining(detail) } });
    }
  });
});
