import { Graph, type Tensor } from './graph.js';
import { at, convolution, depthwise, folded, named, picture } from './layers.js';
import type { Weights } from './weights.js';

const SIZE = 512;
const BOXES = 5118;
const BATCH_NORM_EPSILON = 0.0010000000474974513;
const DOWN = [2, 4, 6, 12];

/**
 * face-api's SSD on MobileNet v1: 512 x 512 → box encodings [1, 5118, 4], class logits [1, 5118, 3] and the anchors [1, 5118, 4]
 * (top, left, bottom, right) that decode them. Decoding stays with the caller.
 */
export function ssdNetwork(weights: Weights): Uint8Array {
  const graph = new Graph('ssd');
  const net = new MobileNet(graph, weights);
  let x = picture(graph, 'image', { means: [127.5, 127.5, 127.5], scale: 1 / 127.5 });
  x = net.pointwise(x, 'MobilenetV1/Conv2d_0_pointwise', 2);
  let conv11 = x;
  for (let layer = 1; layer <= 13; layer++) {
    x = net.depthwise(x, `MobilenetV1/Conv2d_${layer}_depthwise`, DOWN.includes(layer) ? 2 : 1);
    x = net.pointwise(x, `MobilenetV1/Conv2d_${layer}_pointwise`, 1);
    if (layer === 11) conv11 = x;
  }
  const maps = [conv11, x];
  for (let layer = 0; layer < 8; layer++) {
    x = net.pointwise(x, `Prediction/Conv2d_${layer}_pointwise`, layer % 2 === 0 ? 1 : 2);
    if (layer % 2 === 1) maps.push(x);
  }
  const boxes = graph.node(
    'Concat',
    maps.map((map, i) => net.predictor(map, `Prediction/BoxPredictor_${i}/BoxEncodingPredictor`, 4)),
    { axis: 1 },
  );
  const classes = graph.node(
    'Concat',
    maps.map((map, i) => net.predictor(map, `Prediction/BoxPredictor_${i}/ClassPredictor`, 3)),
    { axis: 1 },
  );
  const extra = named(weights)('Output/extra_dim');
  const anchors = graph.node('Identity', [graph.constant(extra.shape, extra.data)]);
  const outputs = [
    { name: boxes, shape: [1, BOXES, 4] },
    { name: classes, shape: [1, BOXES, 3] },
    { name: anchors, shape: [1, BOXES, 4] },
  ];
  return graph.encode({ name: 'image', shape: [1, SIZE, SIZE, 3] }, outputs);
}

class MobileNet {
  constructor(
    private readonly graph: Graph,
    private readonly weights: Weights,
  ) {}

  pointwise(x: Tensor, name: string, stride: number): Tensor {
    const part = named(this.weights, `${name}/`);
    return this.#relu6(convolution(this.graph, x, { filters: part('weights'), bias: part('convolution_bn_offset'), stride }));
  }

  depthwise(x: Tensor, name: string, stride: number): Tensor {
    const part = named(this.weights, `${name}/`);
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((p) => part(`BatchNorm/${p}`));
    if (!gamma || !beta || !mean || !variance) throw new Error(`${name} has no batch norm`);
    const factor = (c: number): number => at(gamma, c) / Math.sqrt(at(variance, c) + BATCH_NORM_EPSILON);
    const { shape, data } = part('depthwise_weights');
    const [h = 0, w = 0, channels = 0] = shape;
    const whole = folded({ shape: [h, w, channels], data }, { factor, bias: (c) => at(beta, c) - at(mean, c) * factor(c) });
    return this.#relu6(depthwise(this.graph, x, { filters: { shape, data: whole.filters.data }, bias: whole.bias, stride }));
  }

  /** [1, anchors * values, side, side] → [1, boxes, values], in TensorFlow's order. */
  predictor(x: Tensor, name: string, values: number): Tensor {
    const part = named(this.weights, `${name}/`);
    const map = convolution(this.graph, x, { filters: part('weights'), bias: part('biases') });
    const last = this.graph.node('Transpose', [map], { perm: [0, 2, 3, 1] });
    return this.graph.node('Reshape', [last, this.graph.integers([1, -1, values])]);
  }

  #relu6(x: Tensor): Tensor {
    return this.graph.node('Clip', [x, this.graph.scalar(0), this.graph.scalar(6)]);
  }
}
