import { storageIdOf, type FaceModelStatus, type StoredFaceModel } from '@facehash/facemodel';
import { apiKeyFile } from '@facehash/key-files';
import type { GlobalOptions } from './context.js';
import { asJson } from './list.js';
import { noModel, withModelsThere } from './models.js';
import { table } from './table.js';

/** All that is known of a model, but its key. */
export async function showModel(name: string, { dataDir, json }: GlobalOptions): Promise<string> {
  const model = await withModelsThere(dataDir, (models) => models.find(name));
  if (!model) throw noModel(name);
  const keyFile = apiKeyFile(dataDir, name);
  if (json) return `${JSON.stringify({ ...asJson(model), keyFile, oldKeyValidUntil: model.oldKeyValidUntil })}\n`;
  const rows = [...ofModel(model), ['key', keyFile], ['old key valid until', model.oldKeyValidUntil ?? '-'], ...ofStatus(model.status)];
  return table([], rows);
}

function ofModel(model: StoredFaceModel): readonly (readonly string[])[] {
  const { name, spec, createdAt, generation } = model;
  return [
    ['name', name],
    ['display name', spec.displayName ?? '-'],
    ['storage id', storageIdOf(model)],
    ['created', createdAt],
    ['generation', String(generation)],
    ['false accept target', String(spec.recognition.falseAcceptTarget)],
  ];
}

function ofStatus(status: FaceModelStatus | null): readonly (readonly string[])[] {
  if (!status) return [['phase', 'Unknown: no server has looked at it yet']];
  const { phase, samples, activeVersion, targetVersion, quarantined, conditions } = status;
  return [
    ['phase', phase],
    ['', conditions.find(({ type }) => type === 'Trained')?.message ?? '-'],
    ['people', String(samples.people)],
    ['photos', String(samples.photos)],
    ...ofVersion(activeVersion),
    ['target version', targetVersion ?? '-'],
    ...ofTraining(status.training),
    ['quarantined people', quarantined.length === 0 ? '-' : quarantined.map(({ personId }) => personId).join(', ')],
  ];
}

function ofVersion(active: FaceModelStatus['activeVersion']): readonly (readonly string[])[] {
  if (!active) return [['active version', '-']];
  return [
    ['active version', active.name],
    ['trained', active.trainedAt],
    ['first answer right', share(active.rank1)],
    ['known people named', share(active.knownAcceptRate)],
  ];
}

function ofTraining({ stage, percent, lastFailure }: FaceModelStatus['training']): readonly (readonly string[])[] {
  return [
    ['training', stage === null ? '-' : `${stage}, ${percent ?? 0} %`],
    ['last failure', lastFailure ? `${lastFailure.message} (${lastFailure.code})` : '-'],
  ];
}

/** Null where too few photos exist to tell. */
function share(value: number | null): string {
  return value === null ? '-' : `${(value * 100).toFixed(1)} %`;
}
