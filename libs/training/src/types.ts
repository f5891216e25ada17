import type { RunProgress } from '@facehash/artifacts';
import type { DecisionConstants, ModelBackend } from '@facehash/classifier-core';
import type { Clock, Logger } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import type { FaceAnalyser, Pipeline } from '@facehash/vision-core';

/** What features are made with and versions decide by. */
export interface TrainedPipeline extends Pipeline {
  readonly constants: DecisionConstants;
}

export interface TrainingPorts {
  readonly pipeline: TrainedPipeline;
  readonly objects: ObjectStore;
  readonly analyser: FaceAnalyser;
  readonly backend: ModelBackend;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TrainOptions {
  /** Its reason becomes the outcome: DEADLINE_EXCEEDED, SHUTTING_DOWN. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: RunProgress) => void;
  /** Photos in work at once: as many as the analyser takes without refusing. */
  readonly photosAtOnce: number;
}
