import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { childrenOf } from '../support/processes.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const crashingWorker = fileURLToPath(new URL('../support/hostile/crashing-worker.mjs', import.meta.url));

describe('an image that crashes native code', () => {
  it('is unreadable, costs nobody else an answer, and crashes nothing when it comes again', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({
      dataDir: folder.path,
      env: { FACEHASH_VISION_WORKER: crashingWorker, VISION_PROCESSES: '2' },
    });
    const client = new Client(product.url, product.apiKey);
    await client.train('Ann', await sampleFaces(0, [0, 1, 2]));
    const photo = await sampleFace(0, 9);
    const poison = Buffer.concat([photo, Buffer.from('ABORT IN NATIVE CODE')]);
    const workers = await childrenOf(product.pid, 'crashing-worker');
    expect(workers).toHaveLength(2);

    const unreadable = { status: 422, body: { foundFlag: 0, foundFace: null, code: 'IMAGE_UNREADABLE' } };
    const patient = (image: Buffer) => unlessOverloaded(() => client.recognize(image));
    const [refused, ...beside] = await Promise.all([patient(poison), ...Array.from({ length: 8 }, () => patient(photo))]);
    expect(refused).toMatchObject(unreadable);
    for (const answer of beside) expect(answer).toMatchObject({ status: 200, body: { foundFace: 'Ann' } });

    await until(async () => (await childrenOf(product.pid, 'crashing-worker')).length === 2);
    const replaced = await childrenOf(product.pid, 'crashing-worker');
    expect(replaced).not.toEqual(workers);
    expect(await client.recognize(poison)).toMatchObject(unreadable);
    const id = String((await client.call('POST', '/v1/people', { name: 'Ben' })).body['id']);
    expect((await client.addPhoto(id, poison)).body).toMatchObject({ photos: [{ outcome: 'rejected', code: 'IMAGE_UNREADABLE' }] });
    expect(await childrenOf(product.pid, 'crashing-worker')).toEqual(replaced);
    expect((await client.recognize(photo)).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    await product.stop();
  });
});

/** A pool that is a worker short may refuse for a moment, and says so: a client comes again. */
async function unlessOverloaded<T extends { readonly status: number }>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask();
    if (answer.status !== 503 || tries >= 20) return answer;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come true within 20 s');
}
