import { Graph, type Tensor } from './graph.js';
import { at, convolution, folded, named, picture } from './layers.js';
import type { Weights } from './weights.js';

export const SIZE = 150;
/** What dlib's network was trained with: means of red, green and blue. */
export const MEANS = [122.782, 117.001, 104.298] as const;

/** dlib's ResNet (King, 2017): 150 x 150 chip → 128 numbers. Scale layers are folded into the convolutions before them. */
export function descriptorNetwork(weights: Weights): Uint8Array {
  const graph = new Graph('descriptor');
  const out = residual(graph, weights, picture(graph, 'image', { means: MEANS, scale: 1 / 255 }));
  return graph.encode({ name: 'image', shape: [1, SIZE, SIZE, 3] }, [{ name: out, shape: [1, 128] }]);
}

/** From the normalised planes [1, 3, 150, 150] to [1, 128]. */
export function residual(graph: Graph, weights: Weights, planes: Tensor): Tensor {
  const net = new Residual(graph, weights);
  let x = net.convolution(planes, 'conv32_down', { stride: 2, relu: true });
  x = graph.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2] });
  // Side of the square feature maps: 150 → 72 → 35.
  let side = 35;
  for (const block of ['conv32_1', 'conv32_2', 'conv32_3']) x = net.block(x, block);
  for (const [down, ...blocks] of [
    ['conv64_down', 'conv64_1', 'conv64_2', 'conv64_3'],
    ['conv128_down', 'conv128_1', 'conv128_2'],
    ['conv256_down', 'conv256_1', 'conv256_2'],
    ['conv256_down_out'],
  ] as const) {
    ({ x, side } = net.downBlock(x, down, side));
    for (const block of blocks) x = net.block(x, block);
  }
  x = graph.node('GlobalAveragePool', [x]);
  x = graph.node('Reshape', [x, graph.integers([1, 256])]);
  const fc = named(weights)('fc');
  return graph.node('MatMul', [x, graph.constant(fc.shape, fc.data)]);
}

class Residual {
  constructor(
    private readonly graph: Graph,
    private readonly weights: Weights,
  ) {}

  convolution(x: Tensor, name: string, { stride = 1, relu }: { readonly stride?: 1 | 2; readonly relu: boolean }): Tensor {
    const part = named(this.weights, `${name}/`);
    const [scale, offset, bias] = [part('scale/weights'), part('scale/biases'), part('conv/bias')];
    const whole = folded(part('conv/filters'), { factor: (c) => at(scale, c), bias: (c) => at(bias, c) * at(scale, c) + at(offset, c) });
    const out = convolution(this.graph, x, { ...whole, stride, padding: stride === 2 ? 'VALID' : 'SAME_UPPER' });
    return relu ? this.graph.node('Relu', [out]) : out;
  }

  block(x: Tensor, name: string): Tensor {
    const first = this.convolution(x, `${name}/conv1`, { relu: true });
    const second = this.convolution(first, `${name}/conv2`, { relu: false });
    return this.graph.node('Relu', [this.graph.node('Add', [second, x])]);
  }

  /** Halves the map. The branch and the pooled input differ by a row or in channels: zeros fill the smaller. */
  downBlock(x: Tensor, name: string, side: number): { readonly x: Tensor; readonly side: number } {
    const { graph } = this;
    const first = this.convolution(x, `${name}/conv1`, { stride: 2, relu: true });
    let second = this.convolution(first, `${name}/conv2`, { relu: false });
    let pooled = graph.node('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
    const [convolved, halved] = [Math.floor((side - 3) / 2) + 1, Math.floor(side / 2)];
    if (convolved !== halved) second = graph.node('Pad', [second, graph.integers([0, 0, 0, 0, 0, 0, 1, 1])]);
    const [, , from = 0, to = 0] = named(this.weights, `${name}/`)('conv1/conv/filters').shape;
    if (from !== to) pooled = graph.node('Pad', [pooled, graph.integers([0, 0, 0, 0, 0, to - from, 0, 0])]);
    return { x: graph.node('Relu', [graph.node('Add', [pooled, second])]), side: halved };
  }
}
