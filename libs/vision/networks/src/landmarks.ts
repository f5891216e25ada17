import { Graph, type Tensor } from './graph.js';
import { convolution, depthwise, named, picture } from './layers.js';
import type { Weights } from './weights.js';

const SIZE = 112;
const MEANS = [122.782, 117.001, 104.298] as const;

/** face-api's 68 landmark net (densely connected depthwise blocks): 112 x 112 face → 136 numbers, x and y in turn, 0 to 1 of the side. */
export function landmarkNetwork(weights: Weights): Uint8Array {
  const graph = new Graph('landmarks');
  let x = picture(graph, 'image', { means: MEANS, scale: 1 / 255 });
  for (const block of ['dense0', 'dense1', 'dense2', 'dense3']) x = denseBlock(graph, x, { weights, block });
  x = graph.node('AveragePool', [x], { kernel_shape: [7, 7], strides: [2, 2] });
  x = graph.node('Reshape', [x, graph.integers([1, 256])]);
  const [kernel, bias] = [named(weights)('fc/weights'), named(weights)('fc/bias')];
  const product = graph.node('MatMul', [x, graph.constant(kernel.shape, kernel.data)]);
  const out = graph.node('Add', [product, graph.constant(bias.shape, bias.data)]);
  return graph.encode({ name: 'image', shape: [1, SIZE, SIZE, 3] }, [{ name: out, shape: [1, 136] }]);
}

/** out = relu(o1 + o2 + o3 + o4), each o from relu of the sum of those before it. */
function denseBlock(graph: Graph, x: Tensor, { weights, block }: { readonly weights: Weights; readonly block: string }): Tensor {
  const part = named(weights, `${block}/`);
  const separable = (input: Tensor, layer: string, stride = 1): Tensor => {
    const spread = depthwise(graph, input, { filters: part(`${layer}/depthwise_filter`), stride });
    return convolution(graph, spread, { filters: part(`${layer}/pointwise_filter`), bias: part(`${layer}/bias`) });
  };
  const first =
    block === 'dense0'
      ? convolution(graph, x, { filters: part('conv0/filters'), bias: part('conv0/bias'), stride: 2 })
      : separable(x, 'conv0', 2);
  let sum = graph.node('Relu', [first]);
  let next = sum;
  for (const layer of ['conv1', 'conv2', 'conv3']) {
    sum = graph.node('Add', [sum, separable(next, layer)]);
    next = graph.node('Relu', [sum]);
  }
  return next;
}
