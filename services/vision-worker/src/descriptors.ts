import { builtIn, type DescriptorNetwork } from '@facehash/vision-core';
import { openDescriptor } from '@facehash/vision-onnx';
import type { OwnPipeline } from '@facehash/vision-pipelines';

/** Descriptor networks by the id of their pipeline. They stay open for as long as the process lives. */
export async function openDescriptors(
  own: readonly OwnPipeline[],
  ofBuiltIn: DescriptorNetwork,
  options: { readonly threads: number },
): Promise<ReadonlyMap<string, DescriptorNetwork>> {
  const networks = new Map([[builtIn.id, ofBuiltIn]]);
  for (const { id, network, spec } of own) networks.set(id, await openDescriptor(network, spec, options));
  return networks;
}
