import { systemClock, systemRandom, type Closer, type Logger } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import type { TrainerConfig } from './config.js';

/** Where snapshot and photos are read from and the version goes to. */
export async function openObjects({ objects }: Pick<TrainerConfig, 'objects'>, logger: Logger, closer: Closer): Promise<ObjectStore> {
  if ('folder' in objects) return openFsObjectStore(objects.folder);
  const store = await openS3ObjectStore({ ...objects.s3, clock: systemClock, random: systemRandom, logger });
  closer.defer('object store', () => store.close());
  return store;
}
