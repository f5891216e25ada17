import { rotateApiKey } from '@facehash/facemodel';
import { KeyFiles } from '@facehash/key-files';
import type { CliContext, GlobalOptions } from './context.js';
import { noModel, withModelsThere } from './models.js';

/** Gives a model another key. The file of the owner gets it; what is printed is where that file is. */
export async function rotateKey(
  name: string,
  { graceMs, dataDir, json }: GlobalOptions & { readonly graceMs: number },
  { clock, random }: CliContext,
): Promise<string> {
  return withModelsThere(dataDir, async (models) => {
    const rotated = await rotateApiKey(name, { graceMs }, { models, keys: new KeyFiles(dataDir), clock, random });
    if (!rotated) throw noModel(name);
    const { oldKeyValidUntil } = rotated.model;
    if (json) return `${JSON.stringify({ name, keyFile: rotated.keyKeptIn, oldKeyValidUntil })}\n`;
    const old = oldKeyValidUntil === null ? 'the old one is revoked' : `the old one is valid until ${oldKeyValidUntil}`;
    return `facemodel/${name} has another key, in ${rotated.keyKeptIn}; ${old}\n`;
  });
}
