import { decodeDocument, layout, manifestSchema, type VersionManifest } from '@facehash/artifacts';
import { decisionSchema, type Decision, type KeyModel, type ModelBackend } from '@facehash/classifier-core';
import { FaceHashError } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { RATIO_NAMES, type Pipeline } from '@facehash/vision-core';
import { existing, readPart } from './stored-parts.js';

/** A version in memory, checked and warmed up. */
export interface LoadedVersion {
  readonly name: string;
  /** Whose descriptors it compares. */
  readonly pipeline: string;
  readonly model: KeyModel;
  readonly decision: Decision;
}

/**
 * Downloads a version, checks every part against the manifest's digests, loads it and has it answer once.
 * Rejects with ARTIFACT_CORRUPT when it is not whole, STORE_UNAVAILABLE when that could not be found out, and MODEL_NOT_READY when it is of a
 * pipeline that is not served here: its descriptors and ours must never be compared.
 */
export async function loadVersion(
  parts: { readonly objects: ObjectStore; readonly backend: ModelBackend; readonly pipelines: readonly Pipeline[] },
  version: { readonly storageId: string; readonly name: string },
  signal: AbortSignal,
): Promise<LoadedVersion> {
  const key = layout.manifest(version.storageId, version.name);
  const manifest = decodeDocument(manifestSchema, await existing(parts.objects, key, signal), key);
  if (manifest.version !== version.name || manifest.storageId !== version.storageId) throw new FaceHashError('ARTIFACT_CORRUPT', { key });
  const pipeline = servedPipeline(manifest, parts.pipelines);
  const read = (name: string): Promise<Uint8Array> => readPart(parts.objects, manifest, name, signal);
  const [modelJson, weights, decisionBytes] = await Promise.all([read('model.json'), read('weights.bin'), read('decision.json')]);
  const decision = decodeDocument(decisionSchema, decisionBytes, 'decision.json');
  const model = await parts.backend.load({ modelJson, weights }, { people: manifest.people, ...pipeline });
  try {
    checkAnswers(model, decision, pipeline);
  } catch (error) {
    model.close();
    throw error;
  }
  return { name: manifest.version, pipeline: pipeline.id, model, decision };
}

function servedPipeline({ version, pipeline }: VersionManifest, served: readonly Pipeline[]): Pipeline {
  const found = served.find(({ id }) => id === pipeline);
  if (found) return found;
  const detail = `version ${version} is of pipeline ${pipeline}, and this replica serves ${served.map(({ id }) => id).join(', ')}`;
  throw new FaceHashError('MODEL_NOT_READY', { detail });
}

/** The warm-up: a version that cannot answer here must not replace one that does. */
function checkAnswers(model: KeyModel, decision: Decision, { descriptorLength }: Pipeline): void {
  const descriptor = new Float32Array(descriptorLength).fill(1 / Math.sqrt(descriptorLength));
  const { similarities, probabilities } = model.predict(descriptor, new Float32Array(RATIO_NAMES.length));
  const people = decision.people.length;
  const sound = [similarities, probabilities].every((values) => values.length === people && values.every(Number.isFinite));
  if (!sound) throw new FaceHashError('ARTIFACT_CORRUPT', { warmUp: 'the answer is no number per person' });
}
