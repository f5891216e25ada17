import { parseKubernetesStatus, type KubernetesStatus } from '@facehash/facemodel';
import type { CachedFaceModel } from './cached-face-model.js';

interface Written extends Pick<CachedFaceModel, 'status' | 'known'> {
  readonly resourceVersion: string;
}

/**
 * The statuses that this process wrote and that its cache has not seen yet. Without them a pass would decide from what the one before has
 * already changed.
 */
export class OwnWrites {
  /** By uid. */
  readonly #written = new Map<string, Written>();

  wrote(uid: string, { resourceVersion, status }: { readonly resourceVersion: string; readonly status: KubernetesStatus }): void {
    const parsed = parseKubernetesStatus(status);
    if (parsed.ok) this.#written.set(uid, { resourceVersion, status: parsed.kubernetes, known: parsed.status });
  }

  /** The model as it is known here: by the cache, or newer than that. */
  newest(cached: CachedFaceModel): CachedFaceModel {
    const { uid = '', resourceVersion = '' } = cached.metadata;
    const written = this.#written.get(uid);
    if (!written) return cached;
    if (isBefore(resourceVersion, written.resourceVersion)) {
      const { status, known } = written;
      return { ...cached, metadata: { ...cached.metadata, resourceVersion: written.resourceVersion }, status, known };
    }
    this.#written.delete(uid);
    return cached;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }
}

/** Versions of one resource are numbers that grow (KEP-5504: they may be compared). One that is none counts as seen. */
function isBefore(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return BigInt(a) < BigInt(b);
}
