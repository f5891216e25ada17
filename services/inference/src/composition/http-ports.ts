import type { Metrics } from '@facehash/observability';
import { openVersionHistory } from '@facehash/recognition';
import type { HttpPorts } from '../http/ports.js';
import type { Parts } from './parts.js';
import { photosInFlightOf } from './vision.js';

/** A stream costs a connection and a few kilobytes. */
const EVENT_STREAMS_MAX = 500;
const EVENT_STREAMS_PER_MODEL_MAX = 20;

/** What the API needs beside what answers and what takes in. */
export function httpPorts(
  { config, context, registry, objects, messaging, vision }: Parts,
  metrics: Metrics,
): Omit<HttpPorts, 'directory' | 'names' | 'recogniser' | 'verifier' | 'enrolment' | 'eraser' | 'readiness'> {
  const { bodies, requestsMax, requestTimeoutMs, uploadTimeoutMs, trainWaitMs, shutdownGraceMs } = config;
  return {
    ...context,
    metrics,
    analyser: vision,
    history: openVersionHistory(objects),
    commands: messaging.commands,
    events: messaging.events,
    counts: (storageId, signal) => registry.counts(storageId, signal),
    limits: {
      imageBytesMax: bodies.bytesMax,
      trainBytesMax: bodies.trainBytesMax,
      bodiesBytesMax: bodies.totalBytesMax,
      photosInFlight: photosInFlightOf(config),
      requestsMax,
      requestTimeoutMs,
      uploadTimeoutMs,
      trainWaitMs,
      shutdownGraceMs,
      eventStreamsMax: EVENT_STREAMS_MAX,
      eventStreamsPerModelMax: EVENT_STREAMS_PER_MODEL_MAX,
    },
  };
}
