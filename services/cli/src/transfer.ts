import { existsSync } from 'node:fs';
import { KeyFiles } from '@facehash/key-files';
import { archiveProgress, exportModel, importModel, type ArchiveEntry } from '@facehash/transfer';
import { CommandFailed, type CliContext, type GlobalOptions } from './context.js';
import { noModel, withModels, withModelsThere } from './models.js';
import { openProgress } from './progress.js';
import { withStores } from './stores.js';
import { readTar, writeTar } from './tar.js';

/** Writes a model with people, photos and versions into a tar, also while the server runs. */
export async function exportTo(
  { file, name }: { readonly file: string; readonly name: string },
  options: GlobalOptions,
  context: CliContext,
): Promise<string> {
  if (existsSync(file)) throw new CommandFailed(`${file} is there already`);
  const model = await withModelsThere(options.dataDir, (models) => models.find(name));
  if (!model) throw noModel(name);
  let photos = 0;
  await withStores(options.dataDir, context, async (stores) => {
    const shown = withBar(exportModel(model, { ...stores, clock: context.clock }), {
      context,
      what: 'exporting',
      onPhoto: (done) => (photos = done),
    });
    await writeTar(file, shown);
  });
  if (options.json) return `${JSON.stringify({ name, file, photos })}\n`;
  return `facemodel/${name} exported with ${photos} photos to ${file}: it holds photos of people and no key\n`;
}

/** Takes a model in from a tar, also while the server runs. It is looked through first, and then taken. */
export async function importFrom(
  file: string,
  { name, ...options }: GlobalOptions & { readonly name?: string },
  context: CliContext,
): Promise<string> {
  if (!existsSync(file)) throw new CommandFailed(`${file} is not there`);
  return withModels(options.dataDir, (models) =>
    withStores(options.dataDir, context, async (stores) => {
      const whats = ['looking through', 'importing'].values();
      const open = (): AsyncIterable<ArchiveEntry> => withBar(readTar(file), { context, what: whats.next().value ?? 'importing' });
      const parts = { ...stores, models, keys: new KeyFiles(options.dataDir), clock: context.clock, random: context.random };
      const imported = await importModel({ open, ...(name === undefined ? {} : { name }) }, parts);
      const { keyKeptIn, people, photos, sameStorageId } = imported;
      if (options.json)
        return `${JSON.stringify({ name: imported.name, storageId: imported.storageId, keyFile: keyKeptIn, people, photos })}\n`;
      const id = sameStorageId ? '' : `; another model has its storage id, so it got ${imported.storageId}`;
      return `facemodel/${imported.name} imported with ${people} people and ${photos} photos; its key is in ${keyKeptIn ?? 'the file that it had'}${id}\n`;
    }),
  );
}

interface Bar {
  readonly context: CliContext;
  readonly what: string;
  readonly onPhoto?: (done: number) => void;
}

async function* withBar(entries: AsyncIterable<ArchiveEntry>, { context, what, onPhoto }: Bar): AsyncIterable<ArchiveEntry> {
  using bar = openProgress(context, what, 1);
  yield* archiveProgress(entries, ({ done, total }) => {
    bar.update(done, total);
    onPhoto?.(done);
  });
}
