import type { Closer, Logger } from '@facehash/kernel';
import { openEnrolment } from '../composition/enrolment.js';
import { eraseDeleted } from '../composition/erase-deleted.js';
import { openFoundation } from '../composition/foundation.js';
import { httpPorts } from '../composition/http-ports.js';
import { lastSweepAfterMs } from '../composition/lifecycle.js';
import { followNames } from '../composition/names.js';
import { openRecognition } from '../composition/recognition.js';
import type { Opened } from '../composition/server.js';
import { withStage } from '../composition/tracing.js';
import type { InferenceConfig } from '../config.js';
import { openClusterStores } from './stores.js';

/**
 * One replica of several, but for what listens. It begins to listen before it knows any model, and answers 503 until it does: what it
 * waits for may be away for a while, and its probes say so.
 */
export async function openCluster(config: InferenceConfig, logger: Logger, closer: Closer): Promise<Opened> {
  const foundation = await openFoundation(config, logger, closer);
  const { context, metrics, pipelines } = foundation;
  const { health: dependencies, ...stores } = await openClusterStores(config, context, closer);
  const parts = { ...foundation, ...stores, config, closer, replica: config.replica, vision: await foundation.openVision() };

  const tracer = withStage(context.tracer, 'decide', metrics);
  const recognition = await openRecognition(parts, { tracer, dependencies });
  const { directory, names } = recognition;
  const entry = openEnrolment(parts, { directory, names });
  followNames(parts, { directory, names });
  if (config.onlyModel === undefined) {
    const erasing = eraseDeleted({
      ...stores,
      ...context,
      directory,
      people: stores.messaging.people,
      lastSweepAfterMs: lastSweepAfterMs(config),
    });
    closer.defer('erasing of deleted models', () => erasing.close());
  }
  const dedicated = config.onlyModel !== undefined;
  const ports = { ...httpPorts(parts, metrics), ...recognition, ...entry, dedicated };
  return { ports, pipeline: pipelines[0], healthOnMainPort: false };
}
