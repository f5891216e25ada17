import type { Registry } from 'prom-client';
import { by, one, scraped, type Sample, type Scraped } from './scraped.js';

type Counts = Readonly<Record<string, number>>;

/** What the pool of vision workers says of itself. Counts are since the start. */
export interface VisionPoolFigures {
  readonly workers: number;
  readonly busy: number;
  /** By lane. */
  readonly waiting: Counts;
  /** By lane and reason. */
  readonly refused: Readonly<Record<string, Counts>>;
  /** By reason. */
  readonly replaced: Counts;
  readonly condemned: number;
  /** By seat. */
  readonly rssBytes: readonly number[];
}

interface Series extends Omit<Scraped, 'samples'> {
  readonly samples: (figures: VisionPoolFigures) => readonly Sample[];
}

const series: readonly Series[] = [
  {
    type: 'gauge',
    name: 'facehash_vision_pool_workers',
    help: 'Vision worker processes that are ready',
    labelNames: [],
    samples: ({ workers }) => one(workers),
  },
  {
    type: 'gauge',
    name: 'facehash_vision_pool_busy',
    help: 'Vision worker processes at work',
    labelNames: [],
    samples: ({ busy }) => one(busy),
  },
  {
    type: 'gauge',
    name: 'facehash_vision_queue_length',
    help: 'Images that wait for a vision worker',
    labelNames: ['lane'],
    samples: ({ waiting }) => by('lane', waiting),
  },
  {
    type: 'counter',
    name: 'facehash_vision_refused_total',
    help: 'Images that were refused because too many waited (full) or because they would have waited for too long (late)',
    labelNames: ['lane', 'reason'],
    samples: ({ refused }) =>
      Object.entries(refused).flatMap(([lane, reasons]) =>
        by('reason', reasons).map(({ labels, value }) => ({ labels: { lane, ...labels }, value })),
      ),
  },
  {
    type: 'counter',
    name: 'facehash_vision_worker_restarts_total',
    help: 'Vision worker processes that were replaced: after a crash or a hang, or as planned because of their memory or their number of jobs',
    labelNames: ['reason'],
    samples: ({ replaced }) => by('reason', replaced),
  },
  {
    type: 'counter',
    name: 'facehash_vision_pictures_condemned_total',
    help: 'Images that ended vision workers and are called unreadable for a while',
    labelNames: [],
    samples: ({ condemned }) => one(condemned),
  },
  {
    type: 'gauge',
    name: 'facehash_vision_worker_resident_memory_bytes',
    help: 'Resident memory of each vision worker process after its last answer',
    labelNames: ['worker'],
    samples: ({ rssBytes }) => rssBytes.map((value, seat) => ({ labels: { worker: String(seat) }, value })),
  },
];

/** `read` is called at each scrape. */
export function watchVisionPool(registry: Registry, read: () => VisionPoolFigures): void {
  for (const { samples, ...metric } of series) scraped(registry, { ...metric, samples: () => samples(read()) });
}
