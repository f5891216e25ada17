import {
  API_VERSION,
  apiKeyHash,
  applyFaceModel,
  KIND,
  newApiKey,
  parseManifest,
  type FaceModelRepository,
  type OwnerKeys,
} from '@facehash/facemodel';
import type { Clock, Logger, Random } from '@facehash/kernel';

const DEFAULT_MODEL = 'default';

export interface DefaultModelParts {
  readonly models: FaceModelRepository;
  readonly keys: OwnerKeys;
  /** The key of the model, instead of a new one. Counts at the first start only. */
  readonly bootstrapApiKey: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The first start makes a model, so that a beginner needs to know nothing of models. What its owner made of it later stays as it is. */
export async function ensureDefaultModel({ models, keys, bootstrapApiKey, clock, random, logger }: DefaultModelParts): Promise<void> {
  const known = await models.find(DEFAULT_MODEL);
  if (known) {
    if (bootstrapApiKey !== undefined && !known.apiKeyHashes.includes(apiKeyHash(bootstrapApiKey))) {
      logger.warn('FACEHASH_BOOTSTRAP_API_KEY is ignored: the model has a key already', { model: DEFAULT_MODEL });
    }
    return;
  }
  const parsed = parseManifest({ apiVersion: API_VERSION, kind: KIND, metadata: { name: DEFAULT_MODEL } });
  if (!parsed.ok) throw new Error('the manifest of the default model does not fit its schema');
  const own: Pick<OwnerKeys, 'keep'> = { keep: (name) => keys.keep(name, () => bootstrapApiKey ?? newApiKey(random)) };
  const { model } = await applyFaceModel(parsed.manifest, { models, keys: own, clock, random });
  logger.info('model is made', { model: model.name, storageId: model.uid });
}
