import { FaceHashError } from '@facehash/kernel';
import { builtIn, builtInAlignment, networkInput, type DescriptorNetwork, type DescriptorSpec, type RgbImage } from '@facehash/vision-core';
import { Network, type NetworkFile } from './session.js';

/** dlib's network as the set-up converts it: it takes colours as they are. */
export const builtInDescriptor: DescriptorSpec = {
  alignment: builtInAlignment,
  mirrored: true,
  layout: 'NHWC',
  channels: 'RGB',
  mean: [0, 0, 0],
  deviation: [1, 1, 1],
  length: builtIn.descriptorLength,
};

export function inputShape({ alignment: { size }, layout }: DescriptorSpec): readonly number[] {
  return layout === 'NHWC' ? [1, size, size, 3] : [1, 3, size, size];
}

export class OnnxDescriptor implements DescriptorNetwork {
  readonly alignment: DescriptorSpec['alignment'];
  readonly mirrored: boolean;

  constructor(
    private readonly network: () => Promise<Network>,
    private readonly spec: DescriptorSpec,
  ) {
    this.alignment = spec.alignment;
    this.mirrored = spec.mirrored;
  }

  async describe(chip: RgbImage): Promise<Float32Array> {
    const { size } = this.alignment;
    if (chip.width !== size || chip.height !== size) throw new FaceHashError('INTERNAL', { width: chip.width, height: chip.height });
    const network = await this.network();
    const [values] = await network.run(networkInput(chip, this.spec));
    if (values?.length !== this.spec.length) throw new FaceHashError('INTERNAL', { length: values?.length });
    return values;
  }
}

export interface OpenedDescriptor extends DescriptorNetwork {
  close(): Promise<void>;
}

/**
 * Opens a descriptor network of one's own and has it describe a grey chip, so that one that was described wrongly is found out here.
 * Rejects with ARTIFACT_CORRUPT, whose detail says what does not fit.
 */
export async function openDescriptor(
  file: NetworkFile & { readonly folder: string },
  spec: DescriptorSpec,
  { threads }: { readonly threads: number },
): Promise<OpenedDescriptor> {
  const network = await Network.open(file.folder, file, { shape: inputShape(spec), threads });
  try {
    await tryOut(network, spec, file.file);
  } catch (error) {
    await network.close();
    throw error;
  }
  const descriptor = new OnnxDescriptor(() => Promise.resolve(network), spec);
  return Object.assign(descriptor, { close: () => network.close() });
}

async function tryOut(network: Network, spec: DescriptorSpec, file: string): Promise<void> {
  const { size } = spec.alignment;
  const grey = { data: new Uint8Array(3 * size * size).fill(127), width: size, height: size };
  const wrong = (detail: string, cause?: unknown) => new FaceHashError('ARTIFACT_CORRUPT', { file, detail }, { cause });
  const outputs = await network.run(networkInput(grey, spec)).catch((cause: unknown) => {
    throw wrong(`it does not take an input of [${inputShape(spec).join(', ')}] 32-bit floats`, cause);
  });
  const lengths = outputs.map((values) => values.length);
  if (lengths.length !== 1) throw wrong(`it has ${lengths.length} outputs, and a descriptor network has one`);
  if (lengths[0] !== spec.length) throw wrong(`it gives ${lengths[0]} numbers, and its description says ${spec.length}`);
  if (!outputs[0]?.every(Number.isFinite)) throw wrong('it gives something that is no number');
}
