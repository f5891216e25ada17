import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sha256Hex } from '@facehash/kernel';
import { CONVERTER_VERSION, networks } from './networks.js';
import { readWeights } from './weights.js';

/**
 * Writes `<name>.onnx` for each network and `networks.json` with their digests and origin into `folder`. The folder appears whole
 * or not at all; one that is there already stays.
 */
export async function buildNetworks(folder: string): Promise<void> {
  const source = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  await mkdir(dirname(folder), { recursive: true });
  const temporary = await mkdtemp(`${folder}.`);
  try {
    const files = [];
    for (const { name, weights, convert } of networks) {
      const bytes = convert(await readWeights(join(source, 'model'), weights));
      await writeFile(join(temporary, `${name}.onnx`), bytes);
      files.push({ name, file: `${name}.onnx`, sha256: sha256Hex(bytes), sizeBytes: bytes.length });
    }
    const origin = { package: '@vladmandic/face-api', version: versionIn(await readFile(join(source, 'package.json'), 'utf8')) };
    await writeFile(
      join(temporary, 'networks.json'),
      `${JSON.stringify({ v: 1, converter: CONVERTER_VERSION, origin, files }, null, 2)}\n`,
    );
    await rename(temporary, folder);
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY') && !isErrno(error, 'EEXIST')) throw error; // somebody else was faster: the same bytes
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function versionIn(manifest: string): string {
  const value: unknown = JSON.parse(manifest);
  if (typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string') return value.version;
  throw new Error('the package of the weights has no version');
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
