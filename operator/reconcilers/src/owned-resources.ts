import type { Resource } from '@facehash/operator-runtime';

/** What the operator makes for a FaceModel. */
export const secrets: Resource = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
