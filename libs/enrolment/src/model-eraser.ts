import type { KvBucket, PeopleProjection } from '@facehash/messaging-core';
import { removeAll, type ObjectStore } from '@facehash/object-store-core';
import type { Registry } from '@facehash/registry-core';

export interface EraserParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly people: KvBucket<PeopleProjection>;
}

/**
 * Erases everything that is stored of a model, names first. What a call that is still under way writes meanwhile stays: sweep again when
 * none can be. Safe to repeat after a failure at any point.
 */
export function modelEraser({ registry, objects, people }: EraserParts): (storageId: string, signal: AbortSignal) => Promise<void> {
  return async (storageId, signal) => {
    await people.delete(storageId, signal);
    await registry.eraseModel(storageId, signal);
    await removeAll(objects, `${storageId}/`, signal);
  };
}
