import { row, type Row } from '../benchmark.js';
import { hostileRun } from '../hostile/run.js';
import { Product } from '../product.js';

/** Mutated images and as many mutated requests: what must not come of them is counted, and told with the seed that sends it again. */
export async function hostileRows(dataDir: string, count: number, seed: number): Promise<readonly Row[]> {
  await using product = await Product.start({ dataDir });
  const run = await hostileRun({ url: product.url, apiKey: product.apiKey, printed: () => product.printed, count, seed });
  await product.stop();
  for (const fault of run.faults) console.error(fault);
  return [
    row('mutated images, and as many mutated requests', count, 'each'),
    row('  failures, dead workers, keys in answers or the log', run.faults.length, 'faults', { atMost: 0 }),
    row('  images that were read all the same', run.images[200] ?? 0, 'answers'),
    row('  vision workers replaced', run.restarts, 'workers'),
    row('  seed', seed, ''),
  ];
}
