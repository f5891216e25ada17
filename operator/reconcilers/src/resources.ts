import type { Resource } from '@facehash/operator-runtime';

/** The resource that is operated. */
export const faceModels: Resource = {
  group: 'facehash.dev',
  version: 'v1alpha1',
  plural: 'facemodels',
  kind: 'FaceModel',
  namespaced: true,
};

export const pods: Resource = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };
