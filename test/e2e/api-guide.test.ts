import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '@facehash/testing';
import { atPort, testedBlocks } from '../support/documents.js';
import { Product } from '../support/product.js';
import { sampleFace, sampleFaces } from '../support/sample-faces.js';

const run = promisify(execFile);

/** How each language of the guide is run, and what tells whether it is there. */
const languages = [
  { name: 'bash', program: 'bash', file: 'guide.sh', needs: ['curl', '--version'] },
  { name: 'js', program: process.execPath, file: 'guide.mjs', needs: [process.execPath, '--version'] },
  { name: 'python', program: 'python3', file: 'guide.py', needs: ['python3', '--version'] },
] as const;

for (const language of languages) {
  const [probe, ...args] = language.needs;
  const there = await run(probe, args).then(
    () => true,
    () => false,
  );
  describe(`docs/api.md in ${language.name}`, () => {
    if (there) it('does what it says, followed to the letter', () => follow(language));
    else it.skip(`is not tested: ${probe} is not installed`, () => undefined);
  });
}

/** All blocks of one language are one program, as a reader who goes through the guide would have it in the end. */
async function follow({ name, program, file }: (typeof languages)[number]): Promise<void> {
  await using folder = await temporaryFolder();
  await using product = await Product.start({ dataDir: join(folder.path, 'data') });
  for (const [who, person] of [
    ['ann', 0],
    ['ben', 7],
  ] as const) {
    for (const [i, photo] of (await sampleFaces(person, [0, 1, 2])).entries())
      await writeFile(join(folder.path, `${who}${i + 1}.jpg`), photo);
  }
  await writeFile(join(folder.path, 'photo.jpg'), await sampleFace(0, 9));
  const text = (await testedBlocks('docs/api.md', name)).join('\n');
  await writeFile(join(folder.path, file), atPort(name === 'bash' ? `set -eu\n${text}` : text, product.port));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run(program, [file], { cwd: folder.path, timeout: 120_000, env });
  for (const told of [
    /trainingSuccess\W+1\b/, // enrolled by one call
    /\bAnn\b[^]{0,200}\b0\.9\d/, // recognised
    /Ben is known/,
    /per_\w+\W[\s\S]*Ann/, // listed
    /state\W+(Masking|Erasing|Erased)/, // erased
    /IMAGE_UNREADABLE/, // refused
  ]) {
    expect(stdout).toMatch(told);
  }
  await product.stop();
}
