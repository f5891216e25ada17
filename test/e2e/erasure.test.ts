import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFaces } from '../support/sample-faces.js';

describe('erasing a person, in the real product', () => {
  it('masks at once, leaves nothing that was made of them, and survives being killed half-way', async () => {
    await using folder = await temporaryFolder();
    let product = await Product.start({ dataDir: folder.path });
    try {
      const client = new Client(product.url, product.apiKey);
      const [ann, ben] = [await sampleFaces(0, [0, 1, 2, 3]), await sampleFaces(1, [0, 1, 2, 3])];
      expect((await client.train('Ann', ann)).body.trainingSuccess).toBe(1);
      expect((await client.train('Ben', ben)).body.trainingSuccess).toBe(1);
      const probe = ann[0] ?? new Uint8Array();
      expect((await client.recognize(probe)).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
      const id = await idOf(client, 'Ann');

      // While a run trains on her photos: a third person has just been enrolled.
      const running = client.train('Cleo', await sampleFaces(2, [0, 1, 2, 3]));
      const { status, body } = await client.call('DELETE', `/v1/people/${id}`);
      expect([status, body['state']]).toEqual([202, 'Erasing']);
      expect((await client.recognize(probe)).body).toMatchObject({ foundFlag: 0, foundFace: null });
      await running;
      await product.kill();
      product = await Product.start({ dataDir: folder.path, port: product.port });
      expect((await client.recognize(probe)).body).toMatchObject({ foundFlag: 0, foundFace: null });

      const receipt = await untilErased(client, id);
      expect(receipt['photos']).toBe(4);
      const traces = await filesThatHold(folder.path, id);
      expect(traces).toEqual([]);
      expect((await client.recognize(ben[0] ?? probe)).body).toMatchObject({ foundFlag: 1, foundFace: 'Ben' });
      await product.stop();
    } finally {
      await product.kill();
    }
  });

  it('of the only one leaves a model that names nobody, and that starts anew', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    const photos = await sampleFaces(0, [0, 1, 2, 3]);
    await client.train('Ann', photos);
    const id = await idOf(client, 'Ann');
    await client.call('DELETE', `/v1/people/${id}`);
    await untilErased(client, id);
    expect((await client.call('GET', '/v1/model')).body).toMatchObject({ phase: 'Empty', active: null });
    expect((await client.recognize(photos[0] ?? new Uint8Array())).body).toMatchObject({ foundFlag: 0, code: 'MODEL_NOT_READY' });
    expect((await client.train('Ann', photos)).body.trainingSuccess).toBe(1);
    expect((await client.recognize(photos[0] ?? new Uint8Array())).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    await product.stop();
  });
});

async function idOf(client: Client, name: string): Promise<string> {
  const { items } = (await client.call('GET', '/v1/people')).body as { items?: { id: string; name: string }[] };
  const id = items?.find((person) => person.name === name)?.id;
  if (id === undefined) throw new Error(`${name} is not enrolled`);
  return id;
}

async function untilErased(client: Client, id: string): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 300; tries++) {
    const { body } = await client.call('GET', `/v1/erasures/${id}`);
    if (body['state'] === 'Erased') return body;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not erased within 30 s');
}

/** Files of the object store whose path or content names the person. The registry keeps the receipt, which names the id. */
async function filesThatHold(dataDir: string, id: string): Promise<readonly string[]> {
  const root = join(dataDir, 'objects');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  expect(entries.length).toBeGreaterThan(0);
  const holding: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (path.includes(id) || (await readFile(path)).includes(id)) holding.push(path);
  }
  return holding;
}
