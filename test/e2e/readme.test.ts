import { execFile } from 'node:child_process';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atPort, testedBlocks } from '../support/documents.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { temporaryFolder } from '@facehash/testing';

const run = promisify(execFile);

/** The one block of this name in the README. */
const block = async (name: string): Promise<string> => (await testedBlocks('README.md', name)).join('');

describe('the README, followed to the letter', () => {
  it('enrols a person by its curl, names them on another photo and leaves a stranger unnamed', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'data');
    await using product = await Product.start({ dataDir: data });
    await mkdir(data, { recursive: true });
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await writeFile(join(folder.path, `ann${i + 1}.jpg`), photo);
    await writeFile(join(folder.path, 'other.jpg'), await sampleFace(0, 9));
    await writeFile(join(folder.path, 'stranger.jpg'), await sampleFace(4, 9));
    const shell = async (script: string): Promise<unknown> =>
      JSON.parse((await run('bash', ['-ceu', atPort(script, product.port)], { cwd: folder.path })).stdout);
    expect(await shell(await block('enrol'))).toMatchObject({ trainingSuccess: 1, accepted: 3 });
    await copyFile(join(folder.path, 'other.jpg'), join(folder.path, 'photo.jpg'));
    expect(await shell(await block('ask'))).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    await copyFile(join(folder.path, 'stranger.jpg'), join(folder.path, 'photo.jpg'));
    expect(await shell(await block('ask'))).toMatchObject({ foundFlag: 0, foundFace: null });
    await product.stop();
  });
});
