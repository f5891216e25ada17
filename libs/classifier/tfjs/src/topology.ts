import { tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { initializers, input, layers, model, regularizers, SymbolicTensor, type LayersModel } from '@tensorflow/tfjs-layers';
import type { FitOptions } from '@facehash/classifier-core';

/*
 *   descriptor [D] ────┬── similarity: Dense, imprinted, no bias ───────────────┬──► similarity [N], cosines
 *                      │                                                        └─ x 128 ──┐
 *                      └── x sqrt(D) ────┐                                                 ├── add ── softmax ──► probability [N]
 *   ratios [R] ── standardised ──────────┴── hidden: Dense, relu … ── logits: Dense ───────┘
 */
export const names = {
  descriptor: 'descriptor',
  ratios: 'ratios',
  similarity: 'similarity',
  standardised: 'standardised',
  logits: 'logits',
  probability: 'probability',
} as const;

/**
 * What the cosines are multiplied by before the softmax. Measured on Labeled Faces in the Wild: the negative log-likelihood of photos that
 * were not enrolled (76 people, 5 photos each) is 0.264, 0.069, 0.033 and 0.025 at 64, 96, 128 and 160; for 10 people it is flat from 128.
 */
const COSINE_SCALE = 128;

/** A handful of photos may agree in a ratio by chance: it is never taken to vary by less than this share of its mean. */
const RELATIVE_DEVIATION_MIN = 0.05;

export interface Shape {
  readonly people: number;
  readonly descriptorLength: number;
  readonly ratioCount: number;
}

export interface KeyTopology {
  /** Inputs descriptor and ratios; outputs similarity and probability. This one is stored. */
  readonly stored: LayersModel;
  /** The same layers with the probability alone, and one more input for each hidden layer: what its outputs are multiplied by, for dropout. */
  readonly training: LayersModel;
  /** Releases the weights of both. */
  dispose(): void;
}

/** Every layer is named, since names that TF.js counts up would make the bytes depend on what was built before. */
export function buildTopology(shape: Shape, options: FitOptions['hyperparameters']): KeyTopology {
  const descriptor = input({ shape: [shape.descriptorLength], name: names.descriptor });
  const ratios = input({ shape: [shape.ratioCount], name: names.ratios });
  // Both are set by the caller, so they start at zero rather than at random.
  const fixed = { trainable: false, kernelInitializer: 'zeros' } as const;
  const similarity = applied(layers.dense({ ...fixed, units: shape.people, useBias: false, name: names.similarity }), descriptor);
  const features = [
    applied(layers.rescaling({ scale: Math.sqrt(shape.descriptorLength), offset: 0, name: 'descriptor_scaled' }), descriptor),
    applied(layers.dense({ ...fixed, units: shape.ratioCount, name: names.standardised }), ratios),
  ];
  const branch = buildBranch(applied(layers.concatenate({ name: 'features' }), features), shape.people, options);
  const scaled = applied(layers.rescaling({ scale: COSINE_SCALE, offset: 0, name: 'similarity_scaled' }), similarity);
  const probabilityOf = (logits: SymbolicTensor) => applied(branch.softmax, applied(branch.sum, [scaled, logits]));
  const stored = model({ name: 'key_model', inputs: [descriptor, ratios], outputs: [similarity, probabilityOf(branch.logits)] });
  const training = model({ name: 'training', inputs: [descriptor, ratios, ...branch.masks], outputs: probabilityOf(branch.maskedLogits) });
  return { stored, training, dispose: () => stored.layers.forEach(release) };
}

/** A layer counts how often it was applied, not by how many models it is used: models that share layers cannot be disposed of one by one. */
function release(layer: layers.Layer): void {
  if (layer.weights.length === 0) return;
  let uses: number | null;
  do uses = layer.dispose().refCountAfterDispose;
  while (uses);
}

/**
 * The trainable branch, twice over the same layers: as it answers, and with masks for dropout. TF.js' own Dropout layer repeats one mask
 * for ever once it is given a seed, and without one a fit does not repeat.
 */
function buildBranch(features: SymbolicTensor, people: number, { hiddenUnits, l2, seed }: FitOptions['hyperparameters']) {
  const masks: SymbolicTensor[] = [];
  let [plain, masked] = [features, features];
  hiddenUnits.forEach((units, i) => {
    const hidden = layers.dense({
      units,
      activation: 'relu',
      // Never 0, which TF.js takes for "any".
      kernelInitializer: initializers.glorotUniform({ seed: seed + 1 + i }),
      kernelRegularizer: regularizers.l2({ l2 }),
      name: `hidden_${i}`,
    });
    const mask = input({ shape: [units], name: `mask_${i}` });
    masks.push(mask);
    plain = applied(hidden, plain);
    masked = applied(layers.multiply({ name: `masked_${i}` }), [applied(hidden, masked), mask]);
  });
  // Starts at zero: before the first step the model says what the imprinted layer says, and without a step it stays so.
  const logits = layers.dense({
    units: people,
    kernelInitializer: 'zeros',
    kernelRegularizer: regularizers.l2({ l2 }),
    name: names.logits,
  });
  const sum = layers.add({ name: 'sum' });
  const softmax = layers.activation({ activation: 'softmax', name: names.probability });
  return { masks, logits: applied(logits, plain), maskedLogits: applied(logits, masked), sum, softmax };
}

function applied(layer: layers.Layer, inputs: SymbolicTensor | SymbolicTensor[]): SymbolicTensor {
  const output = layer.apply(inputs);
  if (!(output instanceof SymbolicTensor)) throw new TypeError(`layer ${layer.name} has more than one output`);
  return output;
}

/** Makes unit vectors the columns of the identity layer's kernel: its outputs are then cosines. */
export function imprint(target: LayersModel, centroids: readonly Float64Array[]): void {
  const length = centroids[0]?.length ?? 0;
  const kernel = new Float32Array(length * centroids.length);
  centroids.forEach((centroid, person) => {
    for (let i = 0; i < length; i++) kernel[i * centroids.length + person] = centroid[i] ?? 0;
  });
  tidy(() => target.getLayer(names.similarity).setWeights([tensor2d(kernel, [length, centroids.length])]));
}

/** Sets the layer that brings every ratio to mean 0 and deviation 1 over the samples: a diagonal kernel and a bias. */
export function standardise(target: LayersModel, ratios: readonly Float32Array[]): void {
  const count = ratios[0]?.length ?? 0;
  const kernel = new Float32Array(count * count);
  const bias = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const values = ratios.map((r) => r[i] ?? 0);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const scale = 1 / Math.max(deviation, RELATIVE_DEVIATION_MIN * Math.abs(mean), 1e-6);
    kernel[i * count + i] = scale;
    bias[i] = -mean * scale;
  }
  tidy(() => target.getLayer(names.standardised).setWeights([tensor2d(kernel, [count, count]), tensor1d(bias)]));
}
