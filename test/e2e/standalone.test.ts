import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { temporaryFolder } from '@facehash/testing';

const run = promisify(execFile);
const root = new URL('../../', import.meta.url).pathname;

describe('one machine, from an empty folder', () => {
  it('says what it saw at the start, where the key is, and keeps it to its owner', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    expect(product.printed).toMatch(/saw \d+ face/);
    expect(product.printed).toContain(join(folder.path, 'api-key'));
    expect(product.printed).not.toContain(product.apiKey);
    expect((await stat(join(folder.path, 'api-key'))).mode & 0o777).toBe(0o600);
    await product.stop();
  });

  it('names who was enrolled, leaves strangers unnamed, and answers the same after a restart without training again', async () => {
    await using folder = await temporaryFolder();
    let version: string | undefined;
    {
      await using product = await Product.start({ dataDir: folder.path });
      const client = new Client(product.url, product.apiKey);
      expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 0, code: 'MODEL_NOT_READY' });
      const trained = await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
      expect(trained).toMatchObject({ status: 200, body: { trainingSuccess: 1, accepted: 4, rejected: [] } });
      expect((await client.train('Ben', await sampleFaces(3, [0, 1, 2]))).body.trainingSuccess).toBe(1);
      expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
      expect((await client.recognize(await sampleFace(3, 9))).body).toMatchObject({ foundFlag: 1, foundFace: 'Ben' });
      const stranger = await client.recognize(await sampleFace(4, 9));
      expect(stranger.body).toMatchObject({ foundFlag: 0, foundFace: null });
      version = stranger.body.version;
      await product.stop();
    }
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    expect((await client.recognize(await sampleFace(0, 9))).body).toMatchObject({ foundFlag: 1, foundFace: 'Ann', version });
    expect(product.printed).not.toContain('training run starts');
    await product.stop();
  });

  it('answers every request while a new person is trained', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const client = new Client(product.url, product.apiKey);
    await client.train('Ann', await sampleFaces(0, [0, 1, 2]));
    const probe = await sampleFace(0, 9);
    const training = client.train('Ben', await sampleFaces(3, [0, 1, 2, 3, 4]));
    let done = false;
    void training.finally(() => (done = true));
    const versions = new Set<string | undefined>();
    let asked = 0;
    for (; !done || asked < 5; asked++) {
      const { status, body } = await client.recognize(probe);
      expect([status, body.foundFace]).toEqual([200, 'Ann']);
      versions.add(body.version);
    }
    const after = await client.recognize(probe);
    expect((await training).body).toMatchObject({ trainingSuccess: 1, version: after.body.version });
    expect(asked).toBeGreaterThan(5);
    expect(versions.size).toBeGreaterThanOrEqual(1);
    await product.stop();
  });

  it('takes models by apply while it runs, each with a key of its own that opens nothing else', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const manifest = join(folder.path, 'front-door.yaml');
    await writeFile(
      manifest,
      'apiVersion: facehash.dev/v1alpha1\nkind: FaceModel\nmetadata: {name: front-door}\nspec: {displayName: Front door}\n',
    );
    const cli = (...args: string[]) =>
      run(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', join(root, 'services/cli/dist/main.js'), '--data-dir', folder.path, ...args],
        { env: { PATH: process.env['PATH'] } },
      );
    expect((await cli('apply', '-f', manifest)).stdout).toContain('facemodel/front-door created');
    expect((await cli('apply', '-f', manifest)).stdout).toContain('facemodel/front-door unchanged');
    const key = (await readFile(join(folder.path, 'keys', 'front-door'), 'utf8')).trim();
    const door = new Client(product.url, key);
    await until(async () => (await door.call('GET', '/v1/model')).status === 200);
    await new Client(product.url, product.apiKey).train('Ann', await sampleFaces(0, [0, 1, 2]));
    expect((await door.call('GET', '/v1/people')).body).toMatchObject({ items: [] });
    expect((await cli('model', 'list')).stdout).toMatch(/NAME +PHASE[\s\S]*default +Ready +1 +3[\s\S]*front-door +Empty/);
    await expect(cli('apply', '-f', join(folder.path, 'api-key'))).rejects.toMatchObject({ code: 1 });
    await product.stop();
  });

  it('refuses a data folder that another server holds, and takes it over from one that was killed', async () => {
    await using folder = await temporaryFolder();
    const first = await Product.start({ dataDir: folder.path });
    await expect(Product.start({ dataDir: folder.path })).rejects.toThrow(/did not become ready/);
    await first.kill();
    await using second = await Product.start({ dataDir: folder.path });
    await second.stop();
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come true within 10 s');
}
