import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Weights = ReadonlyMap<string, Weight>;

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string; readonly scale: number; readonly min: number };
}

interface Group {
  readonly weights: readonly ManifestEntry[];
}

/** The file comes with a package of a pinned version: whether it has the outline that is expected is enough. */
function isManifest(value: unknown): value is readonly Group[] {
  return Array.isArray(value) && value.every((group: unknown) => typeof group === 'object' && group !== null && 'weights' in group);
}

/**
 * The weights of one network of @vladmandic/face-api, in the order of its manifest: TensorFlow.js' weights format, most of them
 * quantised to 8 bits (value = scale * stored + min).
 */
export async function readWeights(folder: string, model: string): Promise<Weights> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, `${model}-weights_manifest.json`), 'utf8'));
  if (!isManifest(manifest)) throw new Error(`${model}: the list of weights is not what it was`);
  const bytes = await readFile(join(folder, `${model}.bin`));
  const found = new Map<string, Weight>();
  let offset = 0;
  for (const entry of manifest.flatMap((group) => group.weights)) {
    const length = entry.shape.reduce((n, size) => n * size, 1);
    const { data, size } = decode(bytes, offset, { entry, length });
    found.set(entry.name, { shape: entry.shape, data });
    offset += size;
  }
  if (offset !== bytes.length) throw new Error(`${model}: ${bytes.length - offset} bytes of weights are left over`);
  return found;
}

function decode(
  bytes: Buffer,
  offset: number,
  { entry, length }: { readonly entry: ManifestEntry; readonly length: number },
): { data: Float32Array; size: number } {
  const { quantization } = entry;
  if (quantization?.dtype === 'uint8') {
    const { scale, min } = quantization;
    return { data: Float32Array.from(bytes.subarray(offset, offset + length), (stored) => stored * scale + min), size: length };
  }
  if (quantization || entry.dtype !== 'float32')
    throw new Error(`${entry.name}: weights of type ${quantization?.dtype ?? entry.dtype} are not understood`);
  return { data: Float32Array.from({ length }, (_, i) => bytes.readFloatLE(offset + 4 * i)), size: 4 * length };
}
