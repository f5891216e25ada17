import { decodeDocument, latestPointerSchema, layout, snapshotSchema } from '@facehash/artifacts';
import { openS3ObjectStore, type S3ObjectStore } from '@facehash/object-store-s3';
import type { Replicas } from './replicas.js';

/** The objects of a cluster, past the product. */
export function objectsOf(cluster: Replicas): Promise<S3ObjectStore> {
  const { origin, username, password } = new URL(cluster.server('minio').url);
  const credentials = { kind: 'static', accessKeyId: username, secretAccessKey: password } as const;
  return openS3ObjectStore({ endpoint: origin, bucket: 'facehash', credentials, bucketMissing: 'make' });
}

export interface LastSnapshot {
  readonly counter: number;
  /** Digests of photos, by person. */
  readonly photos: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What `latest` points to. */
export async function lastSnapshotIn(objects: S3ObjectStore, storageId: string): Promise<LastSnapshot> {
  const read = async (key: string): Promise<Uint8Array> => {
    const object = await objects.read(key);
    if (!object) throw new Error(`${key} is not there`);
    return object.bytes;
  };
  const { counter } = decodeDocument(latestPointerSchema, await read(layout.latestSamples(storageId)), 'latest');
  const { people } = decodeDocument(snapshotSchema, await read(layout.samples(storageId, counter)), 'snapshot');
  return { counter, photos: new Map(people.map(({ id, photos }) => [id, new Set(photos)])) };
}
