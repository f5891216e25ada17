import { FakeClock } from '@facehash/kernel/testing';
import type { KvBucket, ReplicaReport } from '@facehash/messaging-core';
import { aReplicaReport } from '@facehash/messaging-core/testing';
import { ReplicaBoard } from './replica-board.js';

const storageId = 'fm-0001-test';

/** A board that has seen these reports, and its clock. */
async function boardOf(...reports: readonly Partial<ReplicaReport>[]) {
  const clock = new FakeClock();
  const board = new ReplicaBoard(clock);
  const watch: KvBucket<ReplicaReport>['watch'] = async function* () {
    for (const [i, report] of reports.entries()) {
      const value = aReplicaReport({ at: clock.now().toISOString(), ...report });
      const key = value.storageId === null ? value.replica : `${value.replica}.${value.storageId}`;
      yield { kind: 'put', entry: { key, value, revision: i + 1 } };
    }
  };
  await board.follow({ watch } as KvBucket<ReplicaReport>, () => undefined, new AbortController().signal);
  return { board, clock };
}

describe('the replicas of a model', () => {
  const shared = { replica: 'shared', storageId: null };
  const own = { replica: 'own', storageId: null, only: storageId };

  it('are those that are there for all, with what they hold of it', async () => {
    const { board } = await boardOf(shared, { replica: 'shared', answering: 'v-1' }, own);
    expect(board.of(storageId)).toEqual([{ id: 'shared', ready: true, answering: 'v-1', verifiedCold: null, failed: null, rollout: null }]);
  });

  it('are its own where it has such, and nobody else’s', async () => {
    const { board } = await boardOf(shared, { ...own, rollout: 't1' }, { replica: 'other', storageId: null, only: 'fm-0002-test' });
    expect(board.of(storageId, { dedicated: true })).toMatchObject([{ id: 'own', rollout: 't1' }]);
    expect(board.of('fm-0003-test', { dedicated: true })).toEqual([]);
  });

  it('are not ready once they have been silent for too long', async () => {
    const { board, clock } = await boardOf(shared);
    clock.advance(15_001);
    await Promise.resolve();
    expect(board.of(storageId)).toMatchObject([{ ready: false }]);
  });

  it('are ready while they are heard, whatever their clocks say', async () => {
    const { board } = await boardOf({ ...shared, at: '2025-12-31T23:59:00.000Z' });
    expect(board.of(storageId)).toMatchObject([{ ready: true }]);
  });
});
