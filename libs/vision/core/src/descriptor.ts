import { FaceHashError } from '@facehash/kernel';
import { mirrored } from './chip.js';
import type { DescriptorNetwork, RgbImage } from './ports.js';
import { DESCRIPTOR_LENGTH, type Descriptor } from './types.js';

/** The descriptor of an aligned chip and of its mirror image, averaged and brought to unit length. */
export async function describeChip(network: DescriptorNetwork, chip: RgbImage): Promise<Descriptor> {
  const face = await network.describe(chip);
  return combined(face, await network.describe(mirrored(chip)));
}

/** The direction of the mean of two raw descriptors. Throws INTERNAL when that is no direction: then the network is broken. */
function combined(chip: Float32Array, mirror: Float32Array): Descriptor {
  const mean = Float32Array.from({ length: DESCRIPTOR_LENGTH }, (_, i) => ((chip[i] ?? Number.NaN) + (mirror[i] ?? Number.NaN)) / 2);
  const length = Math.hypot(...mean);
  if (!(length > 0) || !Number.isFinite(length)) throw new FaceHashError('INTERNAL', { detail: 'the descriptor has no length' });
  return mean.map((value) => value / length);
}
