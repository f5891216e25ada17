import { readFile } from 'node:fs/promises';
import { isApiKey } from '@facehash/facemodel';
import type { Closer, Logger } from '@facehash/kernel';
import { apiKeyFile, KeyFiles } from '@facehash/key-files';
import { openLocalMessaging } from '@facehash/messaging-local';
import type { InferenceConfig } from '../config.js';
import { openEnrolment } from '../composition/enrolment.js';
import { openFoundation } from '../composition/foundation.js';
import { httpPorts } from '../composition/http-ports.js';
import { openLifecycle } from '../composition/lifecycle.js';
import { followNames, restoreNames } from '../composition/names.js';
import { openRecognition } from '../composition/recognition.js';
import type { Opened } from '../composition/server.js';
import { withStage } from '../composition/tracing.js';
import { ensureDefaultModel } from './default-model.js';
import { greeting } from './greeting.js';
import { openStores } from './stores.js';

/** N is 1. */
const REPLICA = 'standalone';
/** What is published here is forgotten with the process, and so are its terms. */
const ONLY_TERM = 1;

/**
 * The whole product on one machine, but for what listens. Opens everything in the order in which one needs the other; the closer closes in
 * the reverse one, also after a start that failed.
 */
export async function openStandalone(config: InferenceConfig, logger: Logger, closer: Closer): Promise<Opened> {
  const foundation = await openFoundation(config, logger, closer);
  const { context, metrics, pipelines } = foundation;
  const { models, registry, objects, objectsDir } = await openStores(config.dataDir, closer);
  await ensureDefaultModel({ models, keys: new KeyFiles(config.dataDir), bootstrapApiKey: config.bootstrapApiKey, ...context });
  const messaging = openLocalMessaging(context);
  closer.defer('messaging', () => messaging.close());
  const parts = { ...foundation, config, closer, replica: REPLICA, registry, objects, messaging, vision: await foundation.openVision() };

  const tracer = withStage(context.tracer, 'decide', metrics);
  const recognition = await openRecognition(parts, { tracer, dependencies: () => ({}) });
  const { directory, names } = recognition;
  const entry = openEnrolment(parts, { directory, names });
  const objectsFor = (): Promise<Record<string, string>> => Promise.resolve({ FACEHASH_OBJECTS_DIR: objectsDir });
  await openLifecycle({ ...parts, models, pipeline: pipelines[0], term: ONLY_TERM, objectsFor });
  await directory.untilSynced();
  await restoreNames(parts, directory);
  followNames(parts, { directory, names });
  return {
    ports: { ...httpPorts(parts, metrics), ...recognition, ...entry },
    pipeline: pipelines[0],
    healthOnMainPort: true,
    greet: async ({ url, seen, toPerson }) => {
      const keyFile = apiKeyFile(config.dataDir, 'default');
      return greeting({ url, keyFile, key: toPerson ? await keyIn(keyFile) : undefined, seen });
    },
  };
}

/** Undefined when its owner took the file away, which the server can do without. */
async function keyIn(file: string): Promise<string | undefined> {
  const key = (await readFile(file, 'utf8').catch(() => '')).trim();
  return isApiKey(key) ? key : undefined;
}
