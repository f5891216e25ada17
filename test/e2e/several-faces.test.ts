import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFaces, samplePicture } from '../support/sample-faces.js';

const GROUPS = [1, 2, 3, 4, 5, 6];

describe('pictures of several people', () => {
  it('are not enrolled as one of them, and every face of them is seen', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    const pictures = await Promise.all(GROUPS.map(samplePicture));
    const { status, body } = await client.train('Everybody', pictures);
    expect(body.rejected?.map(({ index, code }) => `${index} ${code}`)).toEqual(GROUPS.map((_, i) => `${i} FACES_TOO_MANY`));
    expect(status).toBe(422);
    expect((await client.call('GET', '/v1/people')).body['items']).toEqual([]);

    // Somebody of the first picture, enrolled alone, is found among the others there.
    expect((await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]))).body.trainingSuccess).toBe(1);
    const response = await fetch(`${product.url}/v1/recognize`, {
      method: 'POST',
      headers: { 'x-api-key': product.apiKey, 'content-type': 'image/jpeg' },
      body: Buffer.from(pictures[0] ?? []),
      signal: AbortSignal.timeout(30_000),
    });
    const { faces } = (await response.json()) as { faces: { person: { name: string } | null }[] };
    expect(faces).toHaveLength(3);
    expect(faces.filter(({ person }) => person?.name === 'Ann')).toHaveLength(1);
    expect(faces.filter(({ person }) => person === null)).toHaveLength(2);
    await product.stop();
  });
});
