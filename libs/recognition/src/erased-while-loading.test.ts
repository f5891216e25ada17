import { systemClock } from '@facehash/kernel';
import { aModelState, aVersionSummary } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from '@facehash/messaging-local';
import { eventually } from '@facehash/testing';
import { aDescriptor } from '@facehash/vision-core/testing';
import { Replica } from './testing/replica.js';

const { storageId } = aModelState();
const ann = aDescriptor(1);
const v1 = aVersionSummary({ name: 'v-1' });

/** A replica whose backend is loading v-1, and does not come to an end before `open` is called. */
async function loading(state: Parameters<Replica['publish']>[0]) {
  const replica = new Replica(openLocalMessaging({ clock: systemClock }));
  await replica.version('v-1', { per_ann: ann });
  const open = replica.backend.gate.shut();
  await replica.publish(state);
  const acquired = state.active ? replica.holder.acquire(storageId) : undefined;
  await eventually(() => replica.backend.gate.standing === 1);
  return { replica, open, acquired };
}

// Every test ends with the replica's disposal, which fails when a model was left open.
describe('a model that is erased while it is loaded', () => {
  it('answers nobody who waited for it', async () => {
    const { replica, open, acquired } = await loading({ active: v1 });
    await using _ = replica;
    await replica.publish({ active: v1, tombstone: true });
    open();
    await expect(acquired).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await expect(replica.holder.acquire(storageId)).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    expect(replica.backend).toMatchObject({ opened: 1, open: 0 });
  });

  it('is closed when it was a target, and is not reported any more', async () => {
    const { replica, open } = await loading({ target: v1 });
    await using _ = replica;
    await replica.publish({ tombstone: true });
    open();
    await eventually(() => replica.backend.opened === 1 && replica.backend.open === 0);
    await eventually(async () => (await replica.messaging.replicas.get(`one.${storageId}`)) === undefined);
    expect(replica.answered).toEqual([]);
  });

  it('is closed before the replica has stopped', async () => {
    const { replica, open } = await loading({ target: v1 });
    await using _ = replica;
    await replica.publish({ tombstone: true });
    const closing = replica.holder.close();
    open();
    await closing;
    expect(replica.backend).toMatchObject({ opened: 1, open: 0 });
  });

  it('can come back from a backup while the load of its earlier life is still under way', async () => {
    const { replica, open, acquired } = await loading({ active: v1 });
    await using _ = replica;
    const first = expect(acquired).rejects.toMatchObject({ code: 'MODEL_NOT_READY' });
    await replica.publish({ active: v1, tombstone: true });
    await replica.publish({ active: v1 });
    const second = replica.holder.acquire(storageId);
    open();
    await first;
    (await second).release();
    expect(replica.backend).toMatchObject({ opened: 2, open: 1 });
  });
});

describe('a replica that stops while it loads', () => {
  it('hands nothing out any more and leaves nothing open', async () => {
    const { replica, open, acquired } = await loading({ active: v1 });
    await using _ = replica;
    const waiting = expect(acquired).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    const closing = replica.holder.close();
    open();
    await Promise.all([waiting, closing]);
    await expect(replica.holder.acquire(storageId)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(replica.backend).toMatchObject({ opened: 1, open: 0 });
  });
});
