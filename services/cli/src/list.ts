import type { StoredFaceModel } from '@facehash/facemodel';
import type { GlobalOptions } from './context.js';
import { table } from './table.js';
import { withModelsThere } from './models.js';

/** The columns of `kubectl get facemodels`. */
export async function listModels(options: GlobalOptions): Promise<string> {
  return withModelsThere(options.dataDir, async (models) => {
    const all = await models.list();
    if (options.json) return `${JSON.stringify(all.map(asJson))}\n`;
    return table(['NAME', 'PHASE', 'PEOPLE', 'PHOTOS', 'ACTIVE', 'TARGET'], all.map(asRow));
  });
}

function asRow({ name, status }: StoredFaceModel): readonly string[] {
  if (!status) return [name, 'Unknown', '0', '0', '-', '-'];
  const { phase, samples, activeVersion, targetVersion } = status;
  return [name, phase, String(samples.people), String(samples.photos), activeVersion?.name ?? '-', targetVersion ?? '-'];
}

export function asJson({ name, namespace, uid, generation, spec, status, createdAt }: StoredFaceModel): object {
  return { name, namespace, uid, generation, spec, status, createdAt };
}
