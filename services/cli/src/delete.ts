import { KeyFiles } from '@facehash/key-files';
import { CommandFailed, type CliContext, type GlobalOptions } from './context.js';
import { noModel, withModelsThere } from './models.js';

/** Deletes a model once its owner means it. The server erases what is stored, at once or when it starts next. */
export async function deleteModel(
  name: string,
  { dataDir, json, yes }: GlobalOptions & { readonly yes?: true },
  { ask, clock }: CliContext,
): Promise<string> {
  return withModelsThere(dataDir, async (models) => {
    if (!(await models.find(name))) throw noModel(name);
    if (!yes) await requireMeant(name, ask);
    const deleted = await models.delete(name, clock.now());
    if (!deleted) throw noModel(name);
    await new KeyFiles(dataDir).drop(name);
    if (json) return `${JSON.stringify({ name, storageId: deleted.storageId, deletedAt: deleted.deletedAt })}\n`;
    return `facemodel/${name} deleted; the server erases its people, photos and versions, at once if it runs and else when it starts next\n`;
  });
}

async function requireMeant(name: string, ask: CliContext['ask']): Promise<void> {
  if (!ask) throw new CommandFailed(`deleting ${name} cannot be undone: add --yes, as nobody can be asked here`, 2);
  const answer = await ask(`This erases all people, photos and versions of ${name}, for good. Type its name to go on: `);
  if (answer.trim() !== name) throw new CommandFailed(`${name} was not deleted: that is not its name`);
}
