import { apiKeyHash, newApiKey } from '@facehash/facemodel';
import { seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import type { ModelState } from '@facehash/messaging-core';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { openModelDirectory } from './model-directory.js';

const key = newApiKey(seededRandom(5));
const { storageId } = aModelState();
const never = new AbortController().signal;

/** A directory, with a test in the controller's place. */
class Directory implements AsyncDisposable {
  readonly messaging = openLocalMessaging({ clock: systemClock });
  readonly directory = openModelDirectory(this.messaging.models, {
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  #published = 0;

  /** Resolves when the directory has seen the state, whether it took it or not. */
  async publish(state: Partial<ModelState>): Promise<void> {
    const sequence = ++this.#published;
    await this.#put({ apiKeyHashes: [apiKeyHash(key)], fence: { term: 1, sequence }, ...state });
    await this.#put({ storageId: 'fm-seen-after', fence: { term: 1, sequence } });
    await this.directory.until('fm-seen-after', (s) => s.fence.sequence === sequence, never);
  }

  async #put(state: Partial<ModelState>): Promise<void> {
    const full = aModelState(state);
    const before = await this.messaging.models.get(full.storageId);
    await this.messaging.models.put(full.storageId, full, before?.revision ?? null);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory.close();
    await this.messaging.close();
  }
}

describe('the directory', () => {
  it('knows nothing before the first complete watch, and then every key', async () => {
    await using controller = new Directory();
    const { directory } = controller;
    expect(directory.synced).toBe(false);
    await controller.publish({});
    await directory.untilSynced();
    expect(directory.synced).toBe(true);
    expect(directory.byApiKey(key)?.name).toBe('front-door');
    expect(directory.byApiKey(newApiKey(seededRandom(9)))).toBeUndefined();
    expect(directory.byApiKey('nonsense')).toBeUndefined();
  });

  it('ignores a controller that was deposed', async () => {
    await using controller = new Directory();
    await controller.publish({ fence: { term: 3, sequence: 10 }, phase: 'Ready' });
    await controller.publish({ fence: { term: 2, sequence: 99 }, phase: 'Empty' });
    expect(controller.directory.byApiKey(key)?.phase).toBe('Ready');
  });

  it('forgets a key that was rotated out', async () => {
    await using controller = new Directory();
    await controller.publish({});
    await controller.publish({ apiKeyHashes: [] });
    expect(controller.directory.byApiKey(key)).toBeUndefined();
    expect(controller.directory.byStorageId(storageId)).toBeDefined();
  });

  it('keeps a key that went over to another model before the tombstone of the one that had it', async () => {
    await using controller = new Directory();
    await controller.publish({});
    await controller.publish({ storageId: 'fm-made-anew' });
    await controller.publish({ tombstone: true });
    expect(controller.directory.byApiKey(key)?.storageId).toBe('fm-made-anew');
  });
});

describe('a directory of one model', () => {
  it('knows no other, and is synced all the same', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    await messaging.models.put('fm-another', aModelState({ storageId: 'fm-another', apiKeyHashes: [apiKeyHash(key)] }), null);
    await messaging.models.put(storageId, aModelState(), null);
    const directory = openModelDirectory(messaging.models, {
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      only: storageId,
    });
    await directory.untilSynced();
    expect([directory.all().map((s) => s.storageId), directory.byApiKey(key)]).toEqual([[storageId], undefined]);
    await directory.close();
    await messaging.close();
  });
});

describe('a tombstone', () => {
  it('ends a model, which a key that is gone does not', async () => {
    await using controller = new Directory();
    const { directory } = controller;
    await controller.publish({});
    await controller.messaging.models.delete(storageId);
    await controller.publish({ storageId: 'fm-another', apiKeyHashes: [] });
    expect(directory.byStorageId(storageId)).toBeDefined();
    await controller.publish({ tombstone: true });
    expect(directory.byApiKey(key)).toBeUndefined();
    expect(directory.byStorageId(storageId)).toBeUndefined();
    expect(directory.all().map((s) => s.storageId)).not.toContain(storageId);
    expect(directory.tombstones().map((s) => s.storageId)).toEqual([storageId]);
  });

  it('is not undone by a controller that was deposed', async () => {
    await using controller = new Directory();
    await controller.publish({ fence: { term: 3, sequence: 10 } });
    await controller.publish({ fence: { term: 3, sequence: 11 }, tombstone: true });
    await controller.publish({ fence: { term: 2, sequence: 99 } });
    expect(controller.directory.byApiKey(key)).toBeUndefined();
    expect(controller.directory.byStorageId(storageId)).toBeUndefined();
  });

  it('gives way to the controller in office, which restored a backup under the same id', async () => {
    await using controller = new Directory();
    await controller.publish({ fence: { term: 3, sequence: 11 }, tombstone: true });
    await controller.publish({ fence: { term: 3, sequence: 12 } });
    expect(controller.directory.byApiKey(key)?.storageId).toBe(storageId);
  });

  it('ends the wait for a state that will not come, whether it began before or after', async () => {
    await using controller = new Directory();
    const { directory } = controller;
    await controller.publish({});
    const trained = (state: ModelState): boolean => state.active !== null;
    const before = expect(directory.until(storageId, trained, never)).rejects.toMatchObject({ code: 'API_KEY_INVALID' });
    await controller.publish({ tombstone: true });
    await before;
    await expect(directory.until(storageId, trained, never)).rejects.toMatchObject({ code: 'API_KEY_INVALID' });
  });

  it('leaves the wait for another model alone', async () => {
    await using controller = new Directory();
    const waiting = controller.directory.until('fm-another', (s) => s.active?.name === 'v-1', never);
    await controller.publish({ tombstone: true });
    await controller.publish({ storageId: 'fm-another', active: aVersionSummary({ name: 'v-1' }) });
    expect(await waiting).toMatchObject({ storageId: 'fm-another' });
  });
});
