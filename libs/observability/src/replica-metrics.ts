import type { Registry } from 'prom-client';
import { by, byTruth, one, scraped } from './scraped.js';

/** Erasures that are not complete, as this replica last saw them. */
export interface OpenErasures {
  /** Some replica may not mask the person yet. */
  readonly masking: number;
  /** Masked everywhere; something of them is still stored. */
  readonly erasing: number;
  /** Age of the oldest; 0 where there is none. */
  readonly oldestSeconds: number;
}

/** `read` is called at each scrape: by name, whether each of the conditions of readiness holds. */
export function watchReadiness(registry: Registry, read: () => Readonly<Record<string, boolean>>): void {
  scraped(registry, {
    type: 'gauge',
    name: 'facehash_readiness',
    help: '1 while this condition of readiness holds: a replica takes requests while all of them do',
    labelNames: ['condition'],
    samples: () => byTruth('condition', read()),
  });
}

/** `read` is called at each scrape. */
export function watchErasures(registry: Registry, read: () => OpenErasures): void {
  scraped(registry, {
    type: 'gauge',
    name: 'facehash_erasures_open',
    help: 'Erasures of people that are not complete, of all models, as each replica sees them',
    labelNames: ['state'],
    samples: () => by('state', { masking: read().masking, erasing: read().erasing }),
  });
  scraped(registry, {
    type: 'gauge',
    name: 'facehash_erasure_oldest_seconds',
    help: 'Time since the oldest erasure that is not complete was asked for',
    labelNames: [],
    samples: () => one(read().oldestSeconds),
  });
}
