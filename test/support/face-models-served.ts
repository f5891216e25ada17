import { eventually } from './eventually.js';

/** Waits until an API server serves FaceModels. A definition that was just made has no conditions, which `kubectl wait` takes for an error. */
export async function faceModelsServed(kubectl: (...args: string[]) => Promise<unknown>): Promise<void> {
  await eventually(async () => {
    await kubectl('wait', '--for=condition=Established', 'crd/facemodels.facehash.dev', '--timeout=10s');
    return true;
  });
}
