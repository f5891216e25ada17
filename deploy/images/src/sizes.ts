import { ImageArchive, type ArchiveEntry } from './archive.js';
import type { Environment } from './config.js';

export interface SizeRow {
  readonly what: string;
  readonly bytes: number;
}

/** What fills an image, by the beginning of the path; the first that fits counts. */
const parts: readonly (readonly [string, RegExp])[] = [
  ['Node.js', /^usr\/local\/bin\/node$/],
  ['neural networks', /^app\/networks\//],
  ['TensorFlow', /^app\/tensorflow\//],
  ['onnxruntime', /^app\/node_modules\/onnxruntime-/],
  ['sharp with libvips', /^app\/node_modules\/(sharp|@img)\//],
  ['TensorFlow.js', /^app\/node_modules\/@tensorflow\//],
  ['OpenCV addon and cascade', /^app\/node_modules\/@u4\//],
  ['other npm packages', /^app\/node_modules\//],
  ['FaceHash', /^app\//],
  [
    'OpenCV and what it needs',
    /^usr\/lib\/[^/]+\/(libopencv|libtbb|libgfortran|libquadmath|libblas|liblapack|openblas|blas|lapack|libgomp)/,
  ],
  ['server', /^usr\/bin\/(minio|nats-server|ferretdb|traefik)$/],
  ['Debian', /./],
];

/** Bytes of the unpacked image, by what they are for, the largest first; the last row is their sum. */
export async function sizesOf(archive: string, env: Environment): Promise<readonly SizeRow[]> {
  await using image = await ImageArchive.open(archive, env);
  return groupedSizes([...(await image.entries()).values()]);
}

export function groupedSizes(entries: readonly ArchiveEntry[]): readonly SizeRow[] {
  const bytesOf = new Map<string, number>();
  for (const { path, bytes } of entries) {
    const what = parts.find(([, pattern]) => pattern.test(path))?.[0] ?? 'Debian';
    bytesOf.set(what, (bytesOf.get(what) ?? 0) + bytes);
  }
  const rows = [...bytesOf].map(([what, bytes]) => ({ what, bytes })).filter(({ bytes }) => bytes > 0);
  rows.sort((one, other) => other.bytes - one.bytes);
  return [...rows, { what: 'all', bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0) }];
}
