import { io } from '@tensorflow/tfjs-core';
import { loadLayersModel, type LayersModel } from '@tensorflow/tfjs-layers';
import type { ModelParts } from '@facehash/classifier-core';
import { canonicalJson, FaceHashError } from '@facehash/kernel';

/** The weights' file name in `model.json`, as other readers of the format expect one. */
const WEIGHTS_FILE = 'weights.bin';

/** A layers model as TF.js writes it to disk: `model.json` with topology and weights manifest, and one file of weights. */
export async function encodeModel(model: LayersModel): Promise<ModelParts> {
  let parts: ModelParts | undefined;
  const handler = io.withSaveHandler((artifacts) => {
    parts = partsOf(artifacts);
    return Promise.resolve({ modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) });
  });
  await model.save(handler);
  if (!parts) throw new FaceHashError('INTERNAL', { detail: 'TF.js saved nothing' });
  return parts;
}

function partsOf({ modelTopology, format, generatedBy, weightSpecs, weightData }: io.ModelArtifacts): ModelParts {
  const document = {
    modelTopology,
    format,
    generatedBy,
    convertedBy: null,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: weightSpecs }],
  };
  const data = weightData ? io.CompositeArrayBuffer.join(weightData) : new ArrayBuffer(0);
  return { modelJson: new TextEncoder().encode(canonicalJson(document)), weights: new Uint8Array(data) };
}

/** Rejects, with whatever TF.js says, when the parts are no layers model. */
export async function decodeModel({ modelJson, weights }: ModelParts): Promise<LayersModel> {
  const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(modelJson));
  if (!isModelJson(document)) throw new TypeError('model.json is not a layers model');
  const weightSpecs = document.weightsManifest.flatMap((group) => group.weights);
  const expected = weightSpecs.reduce(
    (sum, { shape, dtype }) => sum + (dtype === 'float32' ? 4 * shape.reduce((a, b) => a * b, 1) : Number.NaN),
    0,
  );
  // Checked before anything is built: what TF.js has made of a model when it fails, it keeps.
  if (weights.length !== expected) throw new TypeError(`the weights have ${weights.length} bytes, model.json says ${expected}`);
  return loadLayersModel(io.fromMemory({ modelTopology: document.modelTopology, weightSpecs, weightData: weights.slice().buffer }));
}

function isModelJson(value: unknown): value is io.ModelJSON {
  return (
    typeof value === 'object' &&
    value !== null &&
    'modelTopology' in value &&
    typeof value.modelTopology === 'object' &&
    'weightsManifest' in value &&
    Array.isArray(value.weightsManifest)
  );
}
