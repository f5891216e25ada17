import { freePort, temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { EnrollingClient, killEach, nameOf, noneLeft, trained } from '../support/kills.js';
import { childrenOf } from '../support/processes.js';
import { Product } from '../support/product.js';
import { sampleFace } from '../support/sample-faces.js';

/** Every step of the photo protocol and of the cut: the product kills itself with SIGKILL right after it. */
const steps = [
  'photo.analysed',
  'photo.stored',
  'photo.landmarks',
  'photo.features',
  'photo.row',
  'photo.counted',
  'snapshot.counterRead',
  'snapshot.rowsRead',
  'snapshot.created',
  'snapshot.pointed',
  'snapshot.commanded',
] as const;

/** Of the server, of a worker and of the trainer. */
const RANDOM_KILLS_EACH = 5;

describe('kill -9 at any moment', () => {
  it('loses nothing that was acknowledged, and training completes', async () => {
    await using folder = await temporaryFolder();
    const port = await freePort();
    const client = new EnrollingClient();
    const hit: string[] = [];

    for (const [i, step] of steps.entries()) {
      // A snapshot is cut once for all photos that came together.
      const nth = step.startsWith('snapshot.') ? 1 : 1 + (i % 2);
      await using product = await Product.start({
        dataDir: folder.path,
        port,
        env: { FACEHASH_CRASH_AT: `${step}:${nth}`, FACEHASH_ALLOW_CRASH_POINTS: '1' },
      });
      const workers = await childrenOf(product.pid, 'vision-worker');
      await client.enrol(product, 4);
      await exitWithin(product, 20_000);
      hit.push(step);
      await noneLeft(workers);
    }
    expect(hit).toEqual(steps);

    for (const [victim, hits] of await killEach({ dataDir: folder.path, port }, client, RANDOM_KILLS_EACH)) {
      expect({ victim, enough: hits >= RANDOM_KILLS_EACH }).toEqual({ victim, enough: true });
    }

    await using product = await Product.start({ dataDir: folder.path, port });
    await client.enrol(product, 2);
    const api = new Client(product.url, product.apiKey);
    await trained(api);
    expect(client.ledger.size).toBeGreaterThan(20);
    expect(await client.missing(product, folder.path)).toEqual([]);
    expect((await api.recognize(await sampleFace(0, 900))).body).toMatchObject({ foundFlag: 1, foundFace: nameOf(0) });
    await product.stop();
  });
});

async function exitWithin(product: Product, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!product.ended && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  if (!product.ended) throw new Error(`the step was not reached:\n${product.printed.slice(-2000)}`);
}
