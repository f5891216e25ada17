import { untilItPasses } from '@facehash/testing';

/** Waits until an API server serves FaceModels. A definition that was just made has no conditions, which `kubectl wait` takes for an error. */
export async function faceModelsServed(kubectl: (...args: string[]) => Promise<unknown>): Promise<void> {
  await untilItPasses(() => kubectl('wait', '--for=condition=Established', 'crd/facemodels.facehash.dev', '--timeout=10s'), {
    withinMs: 30_000,
  });
}
