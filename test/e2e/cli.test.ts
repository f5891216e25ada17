import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { Client } from '../support/client.js';
import { commandLine } from '../support/command-line.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces, samplePicture } from '../support/sample-faces.js';

describe('the command line beside a server', () => {
  it('makes a model, enrols, recognises, rotates the key, moves the model to an empty machine, and deletes it', async () => {
    await using folder = await temporaryFolder();
    const at = (...path: string[]): string => join(folder.path, ...path);
    await mkdir(at('ann'));
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2, 3])).entries()) await writeFile(at('ann', `${i}.jpg`), photo);
    await writeFile(at('ann', 'letter.jpg'), 'no image at all');
    await writeFile(at('ann', 'notes.txt'), 'not looked at');
    await writeFile(at('ann.jpg'), await sampleFace(0, 9));
    await writeFile(at('stranger.jpg'), await sampleFace(4, 9));
    const keyFile = at('data', 'keys', 'front-door');
    const owner = async (dataDir = at('data')): Promise<string> => (await readFile(join(dataDir, 'keys', 'front-door'), 'utf8')).trim();

    await using product = await Product.start({ dataDir: at('data') });
    const here = (...args: string[]): ReturnType<typeof commandLine> =>
      commandLine(args, { FACEHASH_DATA_DIR: at('data'), FACEHASH_URL: product.url });
    expect(await here('model', 'create', 'front-door')).toMatchObject({
      code: 0,
      out: `facemodel/front-door created; its key is in ${keyFile}\n`,
    });
    await until(async () => (await statusOf(product, await owner())) === 200);

    const enrolled = await here('enrol', 'Ann', at('ann'), '--model', 'front-door');
    expect(enrolled).toMatchObject({ code: 0, complaints: '' });
    expect(enrolled.out).toMatch(
      /FILE +CODE +WHY\n.*letter\.jpg +IMAGE_UNREADABLE .*\n\n4 of 5 photos of Ann are enrolled; version v-[0-9a-f]{12} answers\n$/,
    );
    const version = /v-[0-9a-f]{12}/.exec(enrolled.out)?.[0];

    const asked = await here('recognize', at('ann.jpg'), at('stranger.jpg'), '--model', 'front-door');
    expect(asked).toMatchObject({ code: 0, complaints: '' });
    expect(asked.out).toMatch(/^FILE +FACE +NAME +SIMILARITY\n.*\/ann\.jpg +1 +Ann +0\.\d{3}\n.*stranger\.jpg +1 +unknown +-?0\.\d{3}\n$/);
    const shown = await here('model', 'show', 'front-door');
    expect(shown.out).toMatch(new RegExp(`phase +Ready[\\s\\S]*people +1\nphotos +4\nactive version +${version}\n`));

    const before = await owner();
    expect((await here('model', 'rotate-key', 'front-door', '--grace', '1h')).out).toContain('the old one is valid until');
    const after = await owner();
    expect([after !== before, (await stat(keyFile)).mode & 0o777]).toEqual([true, 0o600]);
    await until(async () => (await statusOf(product, after)) === 200);
    expect(await statusOf(product, before)).toBe(200);
    expect((await here('model', 'rotate-key', 'front-door', '--now')).out).toContain('the old one is revoked');
    await until(async () => (await statusOf(product, before)) === 401);
    expect([await statusOf(product, after), await statusOf(product, await owner())]).toEqual([401, 200]);

    expect(await here('export', 'front-door', at('front-door.tar'))).toMatchObject({ code: 0, complaints: '' });
    expect((await stat(at('front-door.tar'))).mode & 0o777).toBe(0o600);
    expect((await readFile(at('front-door.tar'))).includes('fhk_')).toBe(false);
    await using other = await Product.start({ dataDir: at('other') });
    const imported = await commandLine(['--data-dir', at('other'), 'import', at('front-door.tar')]);
    expect(imported).toMatchObject({ code: 0, complaints: '' });
    expect(imported.out).toContain('facemodel/front-door imported with 1 people and 4 photos');
    const newKey = await owner(at('other'));
    expect(newKey).not.toBe(await owner());
    const client = new Client(other.url, newKey);
    const photo = await sampleFace(0, 9);
    await until(async () => (await client.recognize(photo)).body.foundFlag === 1);
    expect((await client.recognize(photo)).body).toMatchObject({ foundFace: 'Ann', version });
    expect(other.printed).not.toContain('training run starts');
    expect((await client.train('Ben', await sampleFaces(3, [0, 1, 2]))).body.trainingSuccess).toBe(1);
    await other.stop();

    const storageId = (JSON.parse((await here('--json', 'model', 'show', 'front-door')).out) as { uid: string }).uid;
    expect(await readdir(at('data', 'objects'))).toContain(storageId);
    expect(await here('model', 'delete', 'front-door')).toMatchObject({ code: 2, out: '' });
    const key = await owner();
    expect((await here('model', 'delete', 'front-door', '--yes')).out).toContain('facemodel/front-door deleted');
    await until(async () => (await statusOf(product, key)) === 401);
    await expect(access(keyFile)).rejects.toThrow('ENOENT');
    await until(async () => (await filesBelow(at('data', 'objects', storageId))) === 0);
    expect((await here('model', 'list')).out).not.toContain('front-door');
    expect((await here('model', 'create', 'front-door')).code).toBe(0);
    expect(product.printed).not.toMatch(/fhk_/);
    await product.stop();
  });

  it('names every face of a group, in lines of JSON too, and tells photos without an answer apart', async () => {
    await using folder = await temporaryFolder();
    await using product = await Product.start({ dataDir: folder.path });
    const here = (...args: string[]): ReturnType<typeof commandLine> =>
      commandLine(args, { FACEHASH_DATA_DIR: folder.path, FACEHASH_URL: product.url });
    const group = join(folder.path, 'group.jpg');
    const broken = join(folder.path, 'broken.jpg');
    await writeFile(group, await samplePicture(1));
    await writeFile(broken, 'no image');
    expect((await here('recognize', group)).out).toContain('MODEL_NOT_READY');
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await writeFile(join(folder.path, `ann${i}.jpg`), photo);
    const enrolled = await here('--json', 'enrol', 'Ann', ...[0, 1, 2].map((i) => join(folder.path, `ann${i}.jpg`)));
    expect(JSON.parse(enrolled.out)).toMatchObject({
      name: 'Ann',
      photos: 3,
      accepted: 3,
      rejected: [],
      version: expect.any(String) as string,
    });
    const asked = await here('--json', 'recognize', group, broken);
    expect(asked.code).toBe(1);
    const [first, second] = asked.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const faces = first?.['faces'] as { person: { name: string } | null }[];
    expect(faces.length).toBeGreaterThan(1);
    expect(faces.filter(({ person }) => person?.name === 'Ann')).toHaveLength(1);
    expect(second).toMatchObject({ file: broken, code: 'IMAGE_UNREADABLE' });
    await product.stop();
  });
});

async function statusOf(product: Product, key: string): Promise<number> {
  return (await new Client(product.url, key).call('GET', '/v1/model')).status;
}

async function filesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come true');
}
