import { temporaryFolder } from '@facehash/testing';
import { Product } from '../support/product.js';
import { hostileRun } from '../support/hostile/run.js';

const COUNT = 500;
/** Fixed, so that a failure is of the change and not of the day; `npm run bench -- soak` draws another one each time. */
const SEED = 20_260_801;

describe('mutated images and requests', () => {
  it(`of which ${COUNT} each were sent, leave nothing behind but answers`, async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const run = await hostileRun({ url: product.url, apiKey: product.apiKey, printed: () => product.printed, count: COUNT, seed: SEED });
    expect(run.faults).toEqual([]);
    const sum = (statuses: Readonly<Record<number, number>>) => Object.values(statuses).reduce((total, n) => total + n, 0);
    expect([sum(run.images), sum(run.requests)]).toEqual([COUNT, COUNT]);
    // Mutations that all ended at the first check would have tested nothing.
    for (const status of [200, 422]) expect(run.images[status]).toBeGreaterThan(COUNT / 10);
    for (const status of [200, 400, 404]) expect(run.requests[status]).toBeGreaterThan(COUNT / 50);
    await product.stop();
  });
});
