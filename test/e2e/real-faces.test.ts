import { Client } from '../support/client.js';
import { facesDir, people, readAll } from '../support/faces.js';
import { Product } from '../support/product.js';
import { temporaryFolder } from '@facehash/testing';

const onRealFaces = facesDir === undefined ? describe.skip : describe;

onRealFaces('ten people with five photos each', () => {
  it('are named on other photos, and strangers are not', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    const enrolled = (await people('lfw')).filter((p) => p.photos.length >= 10).slice(0, 10);
    for (const person of enrolled) {
      const { body } = await client.train(person.name, await readAll(person.photos.slice(0, 5)));
      expect(body).toMatchObject({ trainingSuccess: 1 });
    }
    let right = 0;
    let wrong = 0;
    for (const person of enrolled) {
      for (const photo of await readAll(person.photos.slice(5, 10))) {
        const { foundFace } = (await client.recognize(photo)).body;
        if (foundFace === person.name) right++;
        else if (foundFace !== null) wrong++;
      }
    }
    const strangers = (await people('strangers')).slice(0, 50);
    let accepted = 0;
    for (const stranger of strangers) {
      const [photo] = await readAll(stranger.photos.slice(0, 1));
      if (photo && (await client.recognize(photo)).body.foundFlag === 1) accepted++;
    }
    // Bounds that chance does not cross; the measured figures stand in the README.
    expect(right).toBeGreaterThanOrEqual(45);
    expect(wrong).toBeLessThanOrEqual(1);
    expect(accepted).toBeLessThanOrEqual(3);
    await product.stop();
  });
});
