import type { RecognitionOutcome } from '@facehash/observability';
import type { Recognition } from '@facehash/recognition';
import type { HttpPorts } from '../http/ports.js';

/** The same ports, of which the metrics tell what they answer and how they are. */
export function measured(ports: HttpPorts): HttpPorts {
  const { metrics, eraser, recogniser } = ports;
  watchProbes(ports);
  metrics.watchErasures(() => eraser.figures());
  return {
    ...ports,
    recogniser: {
      recognise: async (model, image, options, signal) => {
        const recognition = await recogniser.recognise(model, image, options, signal);
        metrics.countRecognition(outcomeOf(recognition));
        return recognition;
      },
    },
  };
}

/** What the probes say, for those who look later. */
export function watchProbes({ metrics, readiness }: Pick<HttpPorts, 'metrics' | 'readiness'>): void {
  metrics.watchReadiness(() => readiness.conditions());
  metrics.watchStores(() => Object.fromEntries(Object.entries(readiness.dependencies()).map(([store, { ok }]) => [store, ok])));
}

function outcomeOf(recognition: Recognition): RecognitionOutcome {
  if (recognition.kind === 'unreadable') return 'unreadable';
  if (recognition.faces.length === 0) return 'faceless';
  return recognition.faces.some(({ person }) => person !== null) ? 'known' : 'unknown';
}
