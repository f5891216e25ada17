import { FaceHashError, seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { OwnModel, type WarmParts } from './own-model.js';

const { storageId } = aModelState();

/** Opens the one model of a replica that finds these failures on its way. */
function opened(world: { failures?: Error[]; active?: ReturnType<typeof aVersionSummary> | null; synced?: Promise<void> } = {}) {
  const { failures = [], active = aVersionSummary(), synced = Promise.resolve() } = world;
  const own = new OwnModel(storageId);
  const turned = Promise.withResolvers<undefined>();
  let asked = 0;
  const parts: WarmParts = {
    directory: { untilSynced: () => synced, byStorageId: () => aModelState({ active }) },
    holder: {
      acquire: async () => {
        asked++;
        const failure = failures.shift();
        if (failure) throw failure;
        return { version: {} as never, release: () => undefined };
      },
    },
    readiness: { turned: () => turned.resolve(undefined) },
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  };
  return { own, warming: own.warm(parts), turned: turned.promise, asked: () => asked };
}

describe('a replica that is there for one model', () => {
  it('takes requests once it holds what answers, after a store that was away, too', async () => {
    const { own, warming, turned, asked } = opened({ failures: [new FaceHashError('STORE_UNAVAILABLE')] });
    expect(own.held).toBe(false);
    await turned;
    expect([own.held, asked()]).toEqual([true, 2]);
    await warming.close();
  });

  it('takes requests at once where nothing was ever trained', async () => {
    const { own, warming, turned, asked } = opened({ active: null });
    await turned;
    expect([own.held, asked()]).toEqual([true, 0]);
    await warming.close();
  });

  it('can stop before it knows any model', async () => {
    const { own, warming } = opened({ synced: new Promise(() => undefined) });
    await warming.close();
    expect(own.held).toBe(false);
  });

  it('is none where it is there for all', async () => {
    expect(new OwnModel(undefined).held).toBe(true);
  });
});
