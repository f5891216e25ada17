import { seededRandom, silentLogger, systemClock } from '@facehash/kernel';
import type { KvBucket, KvChange, PeopleProjection } from '@facehash/messaging-core';
import { aPeopleProjection } from '@facehash/messaging-core/testing';
import { eventually } from '@facehash/testing';
import { openPeopleNames } from './people-names.js';

const context = { clock: systemClock, random: seededRandom(1), logger: silentLogger };

function put(storageId: string, revision: number): KvChange<PeopleProjection> {
  const value = aPeopleProjection({ storageId, names: { per_1: `Ann of ${storageId}` } });
  return { kind: 'put', entry: { key: storageId, revision, value } };
}

/** A bucket that is made anew: each watch gives what is there, and all but the last one break then. */
function madeAnew(...lives: readonly (readonly KvChange<PeopleProjection>[])[]): KvBucket<PeopleProjection> {
  const left = [...lives];
  const watch = async function* (signal: AbortSignal): AsyncGenerator<KvChange<PeopleProjection>> {
    yield* left.shift() ?? [];
    yield { kind: 'synced' };
    if (left.length > 0) throw new Error('made anew');
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
  return { watch } as unknown as KvBucket<PeopleProjection>;
}

describe('names in a bucket that was made anew', () => {
  it('are as new as its own revisions say', async () => {
    const names = openPeopleNames(madeAnew([put('fm-1', 5000)], [put('fm-1', 3)]), context);
    await names.untilSynced();
    await eventually(() => names.seen === 3);
    await names.close();
  });

  it('answer on where they are missing, and whoever writes them is told', async () => {
    const lost: string[] = [];
    const names = openPeopleNames(madeAnew([put('fm-1', 1), put('fm-2', 2)], [put('fm-2', 1)]), context);
    names.onLost((storageId) => lost.push(storageId));
    await eventually(() => lost.length > 0);
    expect(lost).toEqual(['fm-1']);
    expect([names.has('fm-1'), names.has('fm-2')]).toEqual([false, true]);
    expect(names.nameOf('fm-1', 'per_1')).toBe('Ann of fm-1');
    await names.close();
  });
});
