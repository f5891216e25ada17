import { layout } from '@facehash/artifacts';
import type { ObjectStore } from '@facehash/object-store-core';

/**
 * The pipelines whose stages a model may have: those in use, and those that an earlier configuration left behind. The latter are looked for
 * once for each model, since only another configuration adds to them, and that takes a restart.
 */
export class StoredPipelines {
  readonly #left = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly objects: ObjectStore,
    private readonly inUse: readonly string[],
  ) {}

  async of(storageId: string, signal: AbortSignal): Promise<readonly string[]> {
    const left = this.#left.get(storageId) ?? (await this.#lookFor(storageId, signal));
    this.#left.set(storageId, left);
    return [...new Set([...this.inUse, ...left])];
  }

  async #lookFor(storageId: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const prefix = layout.stages(storageId);
    const found = new Set<string>();
    for await (const { key } of this.objects.list(prefix, signal)) found.add(key.slice(prefix.length).split('/')[0] ?? '');
    return found;
  }
}
