import { Tensor, tensor2d, tidy, type Tensor2D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { KeyModel, ModelShape, Prediction } from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import { names } from './topology.js';

/** A loaded layers model. Owns its tensors. */
export class TfjsKeyModel implements KeyModel {
  readonly sizeBytes: number;
  #model: LayersModel | undefined;

  constructor(
    model: LayersModel,
    readonly people: readonly string[],
  ) {
    this.#model = model;
    this.sizeBytes = 4 * model.countParams();
  }

  predict(descriptor: Float32Array, ratios: Float32Array): Prediction {
    const model = this.#model;
    if (!model) throw new FaceHashError('INTERNAL', { detail: 'the model was closed' });
    let prediction: Prediction | undefined;
    tidy(() => {
      const outputs = model.predictOnBatch([row(descriptor), row(ratios)]);
      const [similarities, probabilities] = outputs instanceof Tensor ? [] : outputs;
      if (similarities && probabilities) prediction = { similarities: valuesOf(similarities), probabilities: valuesOf(probabilities) };
    });
    if (!prediction) throw new FaceHashError('INTERNAL', { detail: 'the model has other outputs' });
    return prediction;
  }

  close(): void {
    this.#model?.dispose();
    this.#model = undefined;
  }
}

/** What is wrong with a model that is said to be of these people and descriptors. */
export function shapeProblem(model: LayersModel, { people, descriptorLength }: ModelShape): string | undefined {
  const said = (name: string, shape: readonly unknown[]) => `${name}[${shape.slice(1).join()}]`;
  const inputs = model.inputs.map(({ shape }, i) => said(model.inputNames[i] ?? '', shape));
  const outputs = model.outputs.map(({ shape }, i) => said(model.outputNames[i] ?? '', shape));
  const [descriptor, ratios] = inputs;
  if (inputs.length !== 2 || descriptor !== `${names.descriptor}[${descriptorLength}]` || !ratios?.startsWith(`${names.ratios}[`))
    return `inputs are ${inputs.join(', ')}`;
  const expected = [`${names.similarity}[${people.length}]`, `${names.probability}[${people.length}]`];
  return outputs.join() === expected.join() ? undefined : `outputs are ${outputs.join(', ')}, expected ${expected.join(', ')}`;
}

function row(values: Float32Array): Tensor2D {
  return tensor2d(values, [1, values.length]);
}

function valuesOf(tensor: Tensor): Float32Array {
  return Float32Array.from(tensor.dataSync());
}
