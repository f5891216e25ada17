import { systemClock } from '@facehash/kernel';
import { aModelState, describeMessagingContract } from '@facehash/messaging-core/testing';
import { openLocalMessaging } from './local-messaging.js';

describeMessagingContract('in the process', async () => openLocalMessaging({ clock: systemClock }));

describe('a watcher that falls behind', () => {
  it('finds the newest value of each key and no backlog', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    const watch = messaging.models.watch(new AbortController().signal)[Symbol.asyncIterator]();
    await watch.next();
    let revision: number | null = null;
    for (let i = 0; i < 1000; i++) revision = (await messaging.models.put('m', aModelState({ name: `n${i}` }), revision)) ?? null;
    const { value } = await watch.next();
    expect(value).toMatchObject({ kind: 'put', entry: { value: { name: 'n999' } } });
    await messaging.close();
    expect((await watch.next()).done).toBe(true);
  });
});
