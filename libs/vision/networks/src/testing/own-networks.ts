import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { MEANS, residual, SIZE } from '../descriptor.js';
import { Graph } from '../graph.js';
import { readWeights } from '../weights.js';

/**
 * A descriptor network that a user might bring, and that recognises as well as ours does: dlib's behind another input ([1, 3, 150, 150], blue
 * first, colours as (colour - 127.5) / 127.5) and another output: 256 numbers, in which the 128 lie turned, so that every angle is what it was.
 */
export async function dlibInDisguise(): Promise<Uint8Array> {
  const source = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  const weights = await readWeights(join(source, 'model'), 'face_recognition_model');
  const graph = new Graph('disguise');
  const rgb = graph.node('Gather', ['input.1', graph.integers([2, 1, 0])], { axis: 1 });
  const colours = graph.node('Add', [graph.node('Mul', [rgb, graph.scalar(127.5)]), graph.scalar(127.5)]);
  const centred = graph.node('Sub', [colours, graph.constant([1, 3, 1, 1], Float32Array.from(MEANS))]);
  const described = residual(graph, weights, graph.node('Mul', [centred, graph.scalar(1 / 255)]));
  const turned = graph.node('MatMul', [described, graph.constant([128, 256], turn())]);
  return graph.encode({ name: 'input.1', shape: [1, 3, SIZE, SIZE] }, [{ name: turned, shape: [1, 256] }]);
}

/** Rows of unit length at right angles: 0.6 of each number, and 0.8 of it elsewhere. */
function turn(): Float32Array {
  const matrix = new Float32Array(128 * 256);
  for (let i = 0; i < 128; i++) {
    matrix[i * 256 + i] = 0.6;
    matrix[i * 256 + 255 - i] = 0.8;
  }
  return matrix;
}

/** The smallest network that takes a picture in planes: the mean of each plane, times 1, 2 and so on, `length` numbers in all. */
export function meanColour({ size, length }: { readonly size: number; readonly length: number }): Uint8Array {
  const graph = new Graph('mean_colour');
  const means = graph.node('Reshape', [graph.node('GlobalAveragePool', ['input']), graph.integers([1, 3])]);
  const factors = new Float32Array(3 * length);
  for (let i = 0; i < length; i++) factors[(i % 3) * length + i] = 1 + Math.floor(i / 3);
  const out = graph.node('MatMul', [means, graph.constant([3, length], factors)]);
  return graph.encode({ name: 'input', shape: [1, 3, size, size] }, [{ name: out, shape: [1, length] }]);
}
