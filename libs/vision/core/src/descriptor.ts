import { FaceHashError } from '@facehash/kernel';
import { mirrored } from './chip.js';
import type { DescriptorNetwork, RgbImage } from './ports.js';
import type { Descriptor } from './types.js';

/** The descriptor of an aligned chip, averaged with that of its mirror image where the network wants it so, at unit length. */
export async function describeChip(network: DescriptorNetwork, chip: RgbImage): Promise<Descriptor> {
  const face = await network.describe(chip);
  return network.mirrored ? unit(meanOf(face, await network.describe(mirrored(chip)))) : unit(face);
}

function meanOf(chip: Float32Array, mirror: Float32Array): Float32Array {
  return chip.map((value, i) => (value + (mirror[i] ?? Number.NaN)) / 2);
}

/** The direction of a raw descriptor. Throws INTERNAL when it has none: then the network is broken. */
function unit(raw: Float32Array): Descriptor {
  const length = Math.hypot(...raw);
  if (!(length > 0) || !Number.isFinite(length)) throw new FaceHashError('INTERNAL', { detail: 'the descriptor has no length' });
  return raw.map((value) => value / length);
}
