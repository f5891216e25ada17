import { join } from 'node:path';
import { modelEraser } from '@facehash/enrolment';
import type { Closer } from '@facehash/kernel';
import { openLocalController } from '@facehash/local-controller';
import type { Messaging } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Registry } from '@facehash/registry-core';
import type { SqliteFaceModels } from '@facehash/registry-sqlite';
import type { Pipeline } from '@facehash/vision-core';
import type { InferenceConfig } from '../config.js';
import { openChildProcessRunner, type RunnerOptions } from './child-process-runner.js';
import type { Context } from './parts.js';

/** What a call that was cut off at its time limit, or a pass of the controller, may need to come to its end. */
const LAST_SWEEP_SLACK_MS = 60_000;

/** When no call can be under way any more that began before a model was known to be deleted. */
export function lastSweepAfterMs({
  uploadTimeoutMs,
  requestTimeoutMs,
}: Pick<InferenceConfig, 'uploadTimeoutMs' | 'requestTimeoutMs'>): number {
  return Math.max(uploadTimeoutMs, requestTimeoutMs) + LAST_SWEEP_SLACK_MS;
}

export interface LifecycleParts {
  readonly config: InferenceConfig;
  readonly closer: Closer;
  readonly context: Context;
  readonly models: SqliteFaceModels;
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  readonly pipeline: Pipeline;
  /** See `takeTerm`. */
  readonly term: number;
  /** How a run reaches the objects of its model. */
  readonly objectsFor: RunnerOptions['objectsFor'];
  readonly onSucceeded?: () => void;
}

/** The loop that trains, rolls out and promotes, with runs in child processes. Resolves when every model has been looked at once. */
export async function openLifecycle({ config, closer, context, pipeline, objectsFor, ...parts }: LifecycleParts): Promise<void> {
  const runner = await openChildProcessRunner({
    trainer: config.trainer,
    environment: trainerEnvironment(config),
    objectsFor,
    messagesDir: join(config.dataDir, 'runs'),
    ...context,
  });
  closer.defer('training runs', () => runner.close());
  const { models, registry, objects, messaging } = parts;
  const controller = await openLocalController({
    ...parts,
    runner,
    pipeline: pipeline.id,
    runsMax: config.trainingRunsMax,
    changeToken: () => models.changeToken(),
    erase: modelEraser({ registry, objects, people: messaging.people }),
    lastSweepAfterMs: lastSweepAfterMs(config),
    ...context,
  });
  closer.defer('controller', () => controller.close());
}

/** Half of the vision processes: the other half of the machine goes on answering. */
function trainerEnvironment(config: InferenceConfig): Readonly<Record<string, string>> {
  return {
    ...config.childEnvironment,
    FACEHASH_NETWORKS_DIR: config.networksDir,
    ...(config.descriptor ? { FACEHASH_DESCRIPTOR: config.descriptor.path } : {}),
    FACEHASH_VISION_WORKER: config.visionWorker,
    FACEHASH_VISION_PROCESSES: String(Math.max(1, Math.floor(config.vision.processes / 2))),
    LOG_LEVEL: config.log.level,
    LOG_FORMAT: config.log.format,
  };
}
