import { PeopleProjector } from '@facehash/enrolment';
import { deadline } from '@facehash/kernel';
import type { PeopleNames, WatchedDirectory } from '@facehash/recognition';
import type { Parts } from './parts.js';

const SYNC_TIMEOUT_MS = 60_000;
const SYNC_RETRY_MS = 1000;

type NamesParts = Pick<Parts, 'closer' | 'context' | 'registry' | 'messaging'>;

export interface Known {
  readonly directory: WatchedDirectory;
  readonly names: PeopleNames;
}

interface Followed {
  readonly directory: Pick<WatchedDirectory, 'all' | 'byStorageId' | 'onChange'>;
  readonly names: Pick<PeopleNames, 'has' | 'onLost' | 'untilSynced'>;
}

/** Where messaging forgets with its process, the registry brings the names of every model back before anybody asks. */
export async function restoreNames(parts: NamesParts, directory: WatchedDirectory): Promise<void> {
  const projector = projectorOf(parts);
  const signal = deadline(SYNC_TIMEOUT_MS);
  for (const { storageId } of directory.all()) await projector.sync(storageId, signal);
}

/**
 * A model that appears without names, as one that was imported or restored, gets them from the registry; also all of those that are there
 * already where messaging lost what it kept, be it while this replica runs.
 */
export function followNames(parts: NamesParts, { directory, names }: Followed): void {
  const { closer, context } = parts;
  const { clock, logger } = context;
  const projector = projectorOf(parts);
  const stop = new AbortController();
  const sync = async (storageId: string): Promise<void> => {
    await names.untilSynced();
    while (!stop.signal.aborted && !names.has(storageId)) {
      try {
        return await projector.sync(storageId, deadline(SYNC_TIMEOUT_MS, stop.signal));
      } catch (error) {
        logger.warn('the names of a new model could not be read and will be again', { storageId, error });
        await clock.sleep(SYNC_RETRY_MS, stop.signal).catch(() => undefined);
      }
    }
  };
  const synced = new Map<string, Promise<void>>();
  let last = Promise.resolve();
  const follow = (storageId: string): void => {
    // One after another: there may be thousands.
    last = last.then(() => (stop.signal.aborted ? undefined : sync(storageId)));
    synced.set(storageId, last);
  };
  for (const { storageId } of directory.all()) follow(storageId);
  directory.onChange(({ storageId, tombstone }) => {
    if (tombstone) synced.delete(storageId);
    else if (!synced.has(storageId)) follow(storageId);
  });
  names.onLost((storageId) => {
    if (directory.byStorageId(storageId)) follow(storageId);
  });
  closer.defer('names of new models', () => {
    stop.abort();
    return last;
  });
}

function projectorOf({ messaging, registry, context }: NamesParts): PeopleProjector {
  return new PeopleProjector(messaging.people, registry, context);
}
