import { layout } from '@facehash/artifacts';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Person, Photo, Registry } from '@facehash/registry-core';
import { StoredPipelines } from './stored-pipelines.js';

/** What the store holds of photos: their bytes, and the stages that were computed from them. */
export class StoredPhotos {
  readonly #pipelines: StoredPipelines;

  constructor(
    private readonly objects: ObjectStore,
    private readonly registry: Pick<Registry, 'photosBySha256'>,
    pipelines: readonly string[],
  ) {
    this.#pipelines = new StoredPipelines(objects, pipelines);
  }

  async delete({ storageId, personId, sha256 }: Pick<Photo, 'storageId' | 'personId' | 'sha256'>, signal: AbortSignal): Promise<void> {
    await this.#deleteStages(storageId, sha256, signal);
    await this.objects.remove(layout.photo(storageId, personId, sha256), signal);
  }

  /** Photos that were being taken in when the person went, or whose caller had gone before they had a row. */
  async deleteRowless({ storageId, id }: Pick<Person, 'storageId' | 'id'>, signal: AbortSignal): Promise<void> {
    const prefix = layout.photosOf(storageId, id);
    for await (const { key } of this.objects.list(prefix, signal)) {
      const sha256 = key.slice(prefix.length);
      const ofOthers = await this.registry.photosBySha256(storageId, sha256, signal);
      if (ofOthers.length === 0) await this.#deleteStages(storageId, sha256, signal);
      await this.objects.remove(key, signal);
    }
  }

  /** Before their photo, which is what they are found by. */
  async #deleteStages(storageId: string, sha256: string, signal: AbortSignal): Promise<void> {
    for (const pipeline of await this.#pipelines.of(storageId, signal)) {
      await this.objects.remove(layout.features(storageId, pipeline, sha256), signal);
      await this.objects.remove(layout.landmarks(storageId, pipeline, sha256), signal);
    }
  }
}
