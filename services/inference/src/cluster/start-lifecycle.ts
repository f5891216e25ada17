import type { RunSpec } from '@facehash/artifacts';
import { Closer, deadline, type Logger } from '@facehash/kernel';
import { takeTerm } from '@facehash/reconciler';
import { assumeRunRole } from '@facehash/object-store-s3';
import { s3Environment, type S3Settings } from '@facehash/settings';
import { openFoundation } from '../composition/foundation.js';
import { openLifecycle } from '../composition/lifecycle.js';
import { watchProbes } from '../composition/measured.js';
import type { Context } from '../composition/parts.js';
import { listen, type Server } from '../composition/server.js';
import type { InferenceConfig } from '../config.js';
import { Readiness } from '../health/readiness.js';
import { createManagementApp } from '../http/app.js';
import { openFaceModels } from '../standalone/stores.js';
import { openClusterStores } from './stores.js';

/** The stores may be on their way up, too. */
const STORES_WITHIN_MS = 120_000;
const ROLE_TIMEOUT_MS = 15_000;
/** What a store takes for the shortest life of credentials. */
const ROLE_SECONDS_MIN = 900;
/** A run that is at its deadline publishes its report. */
const ROLE_SECONDS_MORE = 120;

/**
 * The loop that decides, trains and promotes for every replica, where no operator does: FaceModels in a data folder of its own, all else in
 * the stores that the replicas share. Resolves when every model has been looked at once.
 */
export async function startLifecycle(config: InferenceConfig, logger: Logger): Promise<Server> {
  const closer = new Closer();
  try {
    const { context, metrics, pipelines } = await openFoundation(config, logger, closer);
    const models = await openFaceModels(config.dataDir, closer);
    const { health: dependencies, settings, ...stores } = await openClusterStores(config, context, closer);
    const readiness = new Readiness({ directorySynced: () => true, visionReady: () => true, dependencies });
    watchProbes({ readiness, metrics });
    const management = await createManagementApp({ ...context, readiness, metrics });
    closer.defer('HTTP', () => management.close());
    await listen(management, config.managementPort ?? 0, config.host);
    const term = await firstAnswer(context, (signal) => takeTerm(stores.objects, context, signal));
    logger.info('this lifecycle follows all that came before it', { term });
    const objectsFor = (spec: RunSpec): ReturnType<typeof ownPrefix> => ownPrefix(settings.s3, spec, context);
    const onSucceeded = (): void => readiness.drain();
    await openLifecycle({ ...stores, config, closer, context, models, pipeline: pipelines[0], term, objectsFor, onSucceeded });
    readiness.selfTestPassed();
    logger.info('ready', { url: await management.getUrl() });
    return {
      stop: async () => {
        readiness.drain();
        await closer.close();
      },
    };
  } catch (error) {
    await closer
      .close()
      .catch((cause: unknown) => logger.warn('not everything could be closed after a start that failed', { error: cause }));
    throw error;
  }
}

/** A run reads user data through native code: it may see the objects of its model, for as long as it may last. */
async function ownPrefix(
  s3: S3Settings,
  { storageId, deadlineSeconds }: RunSpec,
  context: Context,
): Promise<Readonly<Record<string, string>>> {
  const durationSeconds = Math.max(ROLE_SECONDS_MIN, deadlineSeconds + ROLE_SECONDS_MORE);
  const credentials = await assumeRunRole({ ...s3, ...context }, { storageId, durationSeconds }, deadline(ROLE_TIMEOUT_MS));
  return s3Environment(s3, credentials);
}

async function firstAnswer<T>({ clock, logger }: Context, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = deadline(STORES_WITHIN_MS);
  for (;;) {
    try {
      return await ask(signal);
    } catch (error) {
      signal.throwIfAborted();
      logger.warn('a store does not answer yet', { error });
      await clock.sleep(1000, signal);
    }
  }
}
