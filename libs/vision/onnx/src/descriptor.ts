import { FaceHashError } from '@facehash/kernel';
import { CHIP_SIZE, DESCRIPTOR_LENGTH, type DescriptorNetwork, type RgbImage } from '@facehash/vision-core';
import type { Network } from './session.js';

export class OnnxDescriptor implements DescriptorNetwork {
  constructor(private readonly network: Network) {}

  async describe(chip: RgbImage): Promise<Float32Array> {
    if (chip.width !== CHIP_SIZE || chip.height !== CHIP_SIZE)
      throw new FaceHashError('INTERNAL', { width: chip.width, height: chip.height });
    const [values] = await this.network.run(new Float32Array(chip.data));
    if (values?.length !== DESCRIPTOR_LENGTH) throw new FaceHashError('INTERNAL', { length: values?.length });
    return values;
  }
}
