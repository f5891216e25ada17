import type { Clock, Closer, Logger, Random, Tracer } from '@facehash/kernel';
import type { Messaging } from '@facehash/messaging-core';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Registry } from '@facehash/registry-core';
import type { Pipeline } from '@facehash/vision-core';
import type { VisionWorkers } from '@facehash/vision-workers';
import type { InferenceConfig } from '../config.js';

export interface Context {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tracer: Tracer;
}

/** What a replica is put together from, whichever stores are behind the ports. */
export interface Parts {
  readonly config: InferenceConfig;
  readonly closer: Closer;
  readonly context: Context;
  /** Id of this replica among all that serve the same models. */
  readonly replica: string;
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly messaging: Messaging;
  readonly vision: VisionWorkers;
  /** The one that versions are trained with, and the others that can answer. */
  readonly pipelines: readonly [current: Pipeline, ...others: Pipeline[]];
}
