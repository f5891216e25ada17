import { toDepthwise, toOihw, type Graph, type Tensor } from './graph.js';
import type { Weight, Weights } from './weights.js';

export type Padding = 'SAME_UPPER' | 'VALID';

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: Padding;
}

/** Weights by the names of one network, with a clear error for one that is missing. */
export function named(weights: Weights, prefix = ''): (name: string) => Weight {
  return (name) => {
    const weight = weights.get(prefix + name);
    if (!weight) throw new Error(`the network has no weights ${prefix}${name}`);
    return weight;
  };
}

/** [1, size, size, 3], colours 0 to 255 → [1, 3, size, size], each as (colour - mean) * scale. */
export function picture(
  graph: Graph,
  input: Tensor,
  { means, scale }: { readonly means: readonly [number, number, number]; readonly scale: number },
): Tensor {
  const planes = graph.node('Transpose', [input], { perm: [0, 3, 1, 2] });
  const centred = graph.node('Sub', [planes, graph.constant([1, 3, 1, 1], Float32Array.from(means))]);
  return graph.node('Mul', [centred, graph.scalar(scale)]);
}

export function convolution(
  graph: Graph,
  x: Tensor,
  parts: { readonly filters: Weight; readonly bias?: Weight } & ConvolutionOptions,
): Tensor {
  const filters = toOihw(parts.filters);
  return conv(graph, [x, graph.constant(filters.shape, filters.data), ...biasOf(graph, parts.bias)], {
    ...parts,
    kernel: filters.shape.slice(2),
    group: 1,
  });
}

export function depthwise(
  graph: Graph,
  x: Tensor,
  parts: { readonly filters: Weight; readonly bias?: Weight; readonly pads?: readonly number[] } & ConvolutionOptions,
): Tensor {
  const filters = toDepthwise(parts.filters);
  const inputs = [x, graph.constant(filters.shape, filters.data), ...biasOf(graph, parts.bias)];
  return conv(graph, inputs, { ...parts, kernel: filters.shape.slice(2), group: filters.shape[0] ?? 1 });
}

function conv(
  graph: Graph,
  inputs: readonly Tensor[],
  {
    kernel,
    group,
    stride = 1,
    padding = 'SAME_UPPER',
    pads,
  }: ConvolutionOptions & { readonly kernel: readonly number[]; readonly group: number; readonly pads?: readonly number[] },
): Tensor {
  const around = pads ? { pads } : { auto_pad: padding };
  return graph.node('Conv', inputs, { kernel_shape: kernel, strides: [stride, stride], group, ...around });
}

function biasOf(graph: Graph, bias: Weight | undefined): readonly Tensor[] {
  return bias ? [graph.constant(bias.shape, bias.data)] : [];
}

/** A convolution and a per-channel `y * factor + offset` after it, as one convolution. */
export function folded(
  filters: Weight,
  after: { readonly factor: (channel: number) => number; readonly bias: (channel: number) => number },
): { readonly filters: Weight; readonly bias: Weight } {
  const channels = filters.shape.at(-1) ?? 0;
  const data = filters.data.map((value, i) => value * after.factor(i % channels));
  return {
    filters: { shape: filters.shape, data },
    bias: { shape: [channels], data: Float32Array.from({ length: channels }, (_, c) => after.bias(c)) },
  };
}

export function at(weight: Weight, index: number): number {
  const value = weight.data[index];
  if (value === undefined) throw new RangeError(`no weight ${index}`);
  return value;
}
