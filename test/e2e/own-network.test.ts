import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtInConstants } from '@facehash/classifier-core';
import { sha256Hex } from '@facehash/kernel';
import { temporaryFolder } from '@facehash/testing';
import type { DescriptorSpec, RgbImage } from '@facehash/vision-core';
import { dlibInDisguise, meanColour } from '@facehash/vision-networks/testing';
import { openDescriptor } from '@facehash/vision-onnx';
import { Client } from '../support/client.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const half: [number, number, number] = [127.5, 127.5, 127.5];
const small: DescriptorSpec = {
  alignment: { template: 'arcface', size: 32 },
  mirrored: false,
  layout: 'NCHW',
  channels: 'BGR',
  mean: [10, 20, 30],
  deviation: [2, 2, 2],
  length: 64,
};

async function stored(folder: string, bytes: Uint8Array) {
  await writeFile(join(folder, 'own.onnx'), bytes);
  return { folder, file: 'own.onnx', sha256: sha256Hex(bytes) };
}

describe('a descriptor network of one’s own', () => {
  it('sees the chip in its own size, order and scale, and gives as many numbers as it has', async () => {
    await using folder = await temporaryFolder();
    const network = await openDescriptor(await stored(folder.path, meanColour({ size: 32, length: 64 })), small, { threads: 1 });
    const chip: RgbImage = { data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => [90, 60, 50][i % 3] ?? 0), width: 32, height: 32 };
    const descriptor = await network.describe(chip);
    expect(descriptor).toHaveLength(64);
    // Blue, green and red, less their means, halved; then the same times two.
    expect([...descriptor.slice(0, 6)].map(Math.round)).toEqual([20, 20, 30, 40, 40, 60]);
    await network.close();
  });

  it.each([
    ['another length', { length: 128 }, 'it gives 64 numbers, and its description says 128'],
    ['another size', { alignment: { template: 'dlib', size: 48 } }, 'it does not take an input of [1, 3, 48, 48]'],
    ['another layout', { layout: 'NHWC' }, 'it does not take an input of [1, 32, 32, 3]'],
  ] as const)('that was described with %s is found out at once', async (_, change, detail) => {
    await using folder = await temporaryFolder();
    const file = await stored(folder.path, meanColour({ size: 32, length: 64 }));
    await expect(openDescriptor(file, { ...small, ...change }, { threads: 1 })).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      details: { detail: expect.stringContaining(detail) },
    });
  });

  it('that is another file than the description says is refused', async () => {
    await using folder = await temporaryFolder();
    const file = await stored(folder.path, meanColour({ size: 32, length: 64 }));
    await expect(openDescriptor({ ...file, sha256: '0'.repeat(64) }, small, { threads: 1 })).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
    });
  });
});

/** Writes network and description; gives the path of the description. */
async function describe256(folder: string, change: object = {}): Promise<string> {
  const { sha256 } = await stored(folder, await dlibInDisguise());
  const input = { alignment: 'dlib', size: 150, layout: 'NCHW', channels: 'BGR', mean: half, deviation: half };
  const description = { v: 1, id: 'own', network: { file: 'own.onnx', sha256 }, input, length: 256, mirror: true };
  const path = join(folder, 'own.json');
  await writeFile(path, JSON.stringify({ ...description, decision: builtInConstants, ...change }));
  return path;
}

interface ActiveVersion {
  readonly name: string;
  readonly pipeline: string;
}

async function activeOf(client: Client): Promise<ActiveVersion | null> {
  return (await client.call('GET', '/v1/model')).body['active'] as ActiveVersion | null;
}

/** Asks until a version of the pipeline answers; gives what was answered on the way. */
async function untilAnsweredBy(client: Client, pipeline: RegExp, probe: Uint8Array) {
  const answers = [];
  for (const end = Date.now() + 60_000; ;) {
    const answer = await client.recognize(probe);
    const active = await activeOf(client);
    if (active && pipeline.test(active.pipeline) && answer.body.version === active.name) return { active, answers, answer };
    answers.push(answer);
    if (Date.now() > end) throw new Error(`no version of ${String(pipeline)} answers: ${JSON.stringify(active)}`);
  }
}

describe('the product with a descriptor network of one’s own', () => {
  it('trains every model anew, answers by the built-in one meanwhile, and goes back as easily', async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const probe = await sampleFace(0, 9);
    const before = await (async () => {
      await using product = await Product.start({ dataDir });
      const client = new Client(product.url, product.apiKey);
      await client.train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
      await client.train('Ben', await sampleFaces(3, [0, 1, 2]));
      const { body } = await client.recognize(probe);
      const active = await activeOf(client);
      expect(active).toMatchObject({ name: body.version, pipeline: 'p1' });
      await product.stop();
      return { version: active?.name, similarity: body.similarity ?? Number.NaN };
    })();

    const descriptor = await describe256(folder.path);
    {
      await using product = await Product.start({ dataDir, env: { FACEHASH_DESCRIPTOR: descriptor } });
      const client = new Client(product.url, product.apiKey);
      const { active, answers, answer } = await untilAnsweredBy(client, /^own-[0-9a-f]{8}$/, probe);
      expect(active.name).not.toBe(before.version);
      // Whoever asked in between was answered, by one version or the other.
      expect(new Set(answers.map(({ status, body }) => `${status} ${String(body.foundFace)}`))).toEqual(
        new Set(answers.length > 0 ? ['200 Ann'] : []),
      );
      expect(answer.body).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
      // The same network in another dress, so the same cosine.
      expect(answer.body.similarity).toBeCloseTo(before.similarity, 3);
      expect((await client.recognize(await sampleFace(3, 9))).body.foundFace).toBe('Ben');
      expect((await client.recognize(await sampleFace(4, 9))).body).toMatchObject({ foundFlag: 0, foundFace: null });
      expect((await client.train('Cem', await sampleFaces(5, [0, 1, 2]))).body.trainingSuccess).toBe(1);
      expect((await client.recognize(await sampleFace(5, 9))).body.foundFace).toBe('Cem');
      await product.stop();
    }

    await using product = await Product.start({ dataDir, env: { FACEHASH_DESCRIPTOR_PREVIOUS: descriptor } });
    const client = new Client(product.url, product.apiKey);
    const { answers, answer } = await untilAnsweredBy(client, /^p1$/, probe);
    expect(answers.every(({ status, body }) => status === 200 && body.foundFace === 'Ann')).toBe(true);
    expect(answer.body.foundFace).toBe('Ann');
    await product.stop();
  });

  it('answers nothing rather than something wrong where the network of the active version is gone, until another one is trained', async () => {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const probe = await sampleFace(0, 9);
    {
      await using product = await Product.start({ dataDir, env: { FACEHASH_DESCRIPTOR: await describe256(folder.path) } });
      await new Client(product.url, product.apiKey).train('Ann', await sampleFaces(0, [0, 1, 2, 3]));
      await product.stop();
    }
    await using product = await Product.start({ dataDir });
    const client = new Client(product.url, product.apiKey);
    const { answers, answer } = await untilAnsweredBy(client, /^p1$/, probe);
    expect(answers.every(({ body }) => body.code === 'MODEL_NOT_READY' || body.foundFace === 'Ann')).toBe(true);
    expect(answer.body.foundFace).toBe('Ann');
    await product.stop();
  });

  it('does not start without the constants of the decision, and says what computes them', async () => {
    await using folder = await temporaryFolder();
    const path = await describe256(folder.path, { decision: undefined, mirror: 'yes' });
    const start = () => Product.start({ dataDir: join(folder.path, 'data'), env: { FACEHASH_DESCRIPTOR: path } });
    await expect(start()).rejects.toThrow('mirror: must be true or false');
    await describe256(folder.path, { decision: undefined });
    await expect(start()).rejects.toThrow(`npm run bench -- constants --descriptor ${path} --faces DIR`);
  });

  it('does not start with a network that does not fit its description, and says how', async () => {
    await using folder = await temporaryFolder();
    const path = await describe256(folder.path, { length: 128 });
    const start = Product.start({ dataDir: join(folder.path, 'data'), env: { FACEHASH_DESCRIPTOR: path } });
    await expect(start).rejects.toThrow('it gives 256 numbers, and its description says 128');
  });
});
