import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';
import { temporaryFolder } from '@facehash/testing';

const run = promisify(execFile);
const root = new URL('../../', import.meta.url).pathname;

/** The bash block that follows `<!-- tested: <name> -->`, as it stands in the README. */
async function block(name: string): Promise<string> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const found = new RegExp(`<!-- tested: ${name} -->\\s+\`\`\`bash\\n([\\s\\S]*?)\`\`\``).exec(text);
  if (!found?.[1]) throw new Error(`the README has no tested block ${name}`);
  return found[1];
}

describe('the README, followed to the letter', () => {
  it('enrols a person by its curl, names them on another photo and leaves a stranger unnamed', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'data');
    await using product = await Product.start({ dataDir: data });
    await mkdir(data, { recursive: true });
    for (const [i, photo] of (await sampleFaces(0, [0, 1, 2])).entries()) await writeFile(join(folder.path, `ann${i + 1}.jpg`), photo);
    await writeFile(join(folder.path, 'other.jpg'), await sampleFace(0, 9));
    await writeFile(join(folder.path, 'stranger.jpg'), await sampleFace(4, 9));
    // The port is the one thing that the test changes: the default may be taken on this machine.
    const shell = async (script: string): Promise<unknown> =>
      JSON.parse(
        (await run('bash', ['-ceu', script.replaceAll('localhost:5000', `127.0.0.1:${product.port}`)], { cwd: folder.path })).stdout,
      );
    expect(await shell(await block('enrol'))).toMatchObject({ trainingSuccess: 1, accepted: 3 });
    await copyFile(join(folder.path, 'other.jpg'), join(folder.path, 'photo.jpg'));
    expect(await shell(await block('ask'))).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    await copyFile(join(folder.path, 'stranger.jpg'), join(folder.path, 'photo.jpg'));
    expect(await shell(await block('ask'))).toMatchObject({ foundFlag: 0, foundFace: null });
    await product.stop();
  });
});
