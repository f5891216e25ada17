import { freePort } from '@facehash/testing';
import { row, type Row } from '../benchmark.js';
import { Client } from '../client.js';
import { EnrollingClient, killEach, nameOf, trained } from '../kills.js';
import { Product } from '../product.js';
import { sampleFace } from '../sample-faces.js';

/** `kill -9` of the server, a vision worker and the trainer in turn, each at a random moment, on one data folder. */
export async function killRows(dataDir: string, kills: number): Promise<readonly Row[]> {
  const options = { dataDir, port: await freePort(), env: { LOG_LEVEL: 'warn' } };
  const client = new EnrollingClient();
  const hits = await killEach(options, client, Math.ceil(kills / 3));
  const total = [...hits.values()].reduce((sum, count) => sum + count, 0);
  await using product = await Product.start(options);
  await client.enrol(product, 2);
  const api = new Client(product.url, product.apiKey);
  await trained(api);
  const missing = await client.missing(product, dataDir);
  const { foundFace } = (await api.recognize(await sampleFace(0, 900))).body;
  await product.stop();
  return [
    row('kill -9 at random moments', total, 'processes', { atLeast: kills }),
    ...[...hits].map(([victim, count]) => row(`  of the ${victim}`, count, 'times')),
    row('  photos acknowledged', client.ledger.size, 'photos'),
    row('  acknowledged and missing', missing.length, 'photos', { atMost: 0 }),
    row('  trained on all of them at the end, and right', foundFace === nameOf(0) ? 1 : 0, 'of 1', { atLeast: 1 }),
  ];
}
