import { Graph, type Tensor } from './graph.js';
import { convolution, depthwise, named, picture } from './layers.js';
import type { Weights } from './weights.js';

const SIZE = 224;
const MEANS = [117.001, 114.697, 97.404] as const;
const SLOPE = 0.1;

/** face-api's tiny detector (a small separable YOLOv2): 224 x 224 → [1, 25, 7, 7]: per cell five anchors of x, y, width, height, score. */
export function tinyNetwork(weights: Weights): Uint8Array {
  const graph = new Graph('tiny');
  const part = named(weights);
  const leaky = (x: Tensor): Tensor => graph.node('LeakyRelu', [x], { alpha: SLOPE });
  const pool = (x: Tensor, stride: number): Tensor =>
    graph.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [stride, stride], auto_pad: 'SAME_UPPER' });
  let x = picture(graph, 'image', { means: MEANS, scale: 1 / 255 });
  x = pool(leaky(convolution(graph, x, { filters: part('conv0/filters'), bias: part('conv0/bias'), padding: 'VALID' })), 2);
  for (const [layer, stride] of [
    ['conv1', 2],
    ['conv2', 2],
    ['conv3', 2],
    ['conv4', 2],
    ['conv5', 1],
  ] as const) {
    const spread = depthwise(graph, x, { filters: part(`${layer}/depthwise_filter`), pads: [1, 1, 1, 1] });
    x = pool(leaky(convolution(graph, spread, { filters: part(`${layer}/pointwise_filter`), bias: part(`${layer}/bias`) })), stride);
  }
  const out = convolution(graph, x, { filters: part('conv8/filters'), bias: part('conv8/bias'), padding: 'VALID' });
  return graph.encode({ name: 'image', shape: [1, SIZE, SIZE, 3] }, [{ name: out, shape: [1, 25, 7, 7] }]);
}
