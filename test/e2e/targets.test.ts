import { temporaryFolder } from '@facehash/testing';
import { Gallery } from '../support/accuracy/gallery.js';
import { Product } from '../support/product.js';
import { sampleFaces, samplePersons } from '../support/sample-faces.js';

describe('the false accept target', () => {
  it('changes the answers without a training run', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const gallery = await Gallery.create(product, { name: 'doors', dataDir: folder.path });
    const { client } = gallery;
    await client.train('Ann', await sampleFaces(0, [0, 1, 2]), { prefer: 'respond-async' });
    await client.call('POST', '/v1/model/train');
    await gallery.settled();
    const strangers = (await Promise.all(Array.from({ length: samplePersons - 1 }, (_, i) => sampleFaces(i + 1, [0, 1])))).flat();
    const named = async (target: number): Promise<number> => {
      await gallery.setTarget(target);
      const answers = await Promise.all(strangers.map((photo) => client.recognize(photo)));
      return answers.filter(({ body }) => body.foundFlag === 1).length;
    };
    const before = await client.call('GET', '/v1/model');
    expect(await named(0.00001)).toBe(0);
    expect(await named(0.5)).toBeGreaterThan(0);
    expect(await named(0.00001)).toBe(0);
    const after = await client.call('GET', '/v1/model');
    expect(after.body['active']).toEqual(before.body['active']);
    expect(product.printed.match(/training run starts/g)).toHaveLength(1);
    await product.stop();
  });
});
