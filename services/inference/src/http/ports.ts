import type { Enrolment, Eraser } from '@facehash/enrolment';
import type { Clock, Logger, Random, Tracer } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import type { CommandQueue, EventStream } from '@facehash/messaging-core';
import type { ModelDirectory, PeopleNames, Recogniser, Verifier, VersionHistory } from '@facehash/recognition';
import type { SampleCounts } from '@facehash/registry-core';
import type { FaceAnalyser } from '@facehash/vision-core';
import type { Readiness } from '../health/readiness.js';

/** How much a request may send and how long it may take. */
export interface HttpLimits {
  readonly imageBytesMax: number;
  readonly trainBytesMax: number;
  /** All bodies in memory at once. */
  readonly bodiesBytesMax: number;
  /** Photos of one call that the enrolment works on at once. */
  readonly photosInFlight: number;
  /** Calls of the API that are under way at once. */
  readonly requestsMax: number;
  readonly requestTimeoutMs: number;
  /** For a body to arrive. */
  readonly uploadTimeoutMs: number;
  readonly trainWaitMs: number;
  /** For calls that are under way when the replica begins to stop. */
  readonly shutdownGraceMs: number;
  /** Streams of events that are open at once. */
  readonly eventStreamsMax: number;
  readonly eventStreamsPerModelMax: number;
}

/** Everything that the HTTP API asks of the rest of the program. */
export interface HttpPorts {
  readonly directory: ModelDirectory;
  /** Tells of whom nothing may be answered any more, whichever replica they were erased at. */
  readonly names: Pick<PeopleNames, 'onGone'>;
  readonly recogniser: Recogniser;
  readonly verifier: Verifier;
  readonly analyser: FaceAnalyser;
  readonly enrolment: Enrolment;
  readonly eraser: Eraser;
  readonly history: VersionHistory;
  readonly commands: CommandQueue;
  readonly events: EventStream;
  /** Who is enrolled now, trained or not. */
  readonly counts: (storageId: string, signal: AbortSignal) => Promise<SampleCounts>;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly limits: HttpLimits;
  /** True: this replica is there for one model alone, whose calls others send here. It sends none on. */
  readonly dedicated?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Left out, nothing is traced. */
  readonly tracer?: Tracer;
}
