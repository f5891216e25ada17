import type { Registry } from 'prom-client';
import { byTruth, scraped } from './scraped.js';

/** By name of the store: whether it was reached when it was last asked. */
export type StoresReached = Readonly<Record<string, boolean>>;

/** `read` is called at each scrape. */
export function watchStores(registry: Registry, read: () => StoresReached): void {
  scraped(registry, {
    type: 'gauge',
    name: 'facehash_store_reachable',
    help: '1 if the store answered when this process last asked it',
    labelNames: ['store'],
    samples: () => byTruth('store', read()),
  });
}
