import { FaceHashError } from '@facehash/kernel';
import { describeObjectStoreContract, InMemoryObjectStore } from './testing/index.js';

describeObjectStoreContract('in memory', async () => ({ store: new InMemoryObjectStore(), close: async () => undefined }));

describe('the fake object store', () => {
  it('fails once when told to, and remembers what was written', async () => {
    const store = new InMemoryObjectStore();
    store.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(store.create('m/a', new Uint8Array())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.create('m/a', new Uint8Array());
    await store.create('m/a', new Uint8Array());
    await store.replace('m/p', new Uint8Array(), null);
    expect(store.writes).toEqual(['m/a', 'm/p']);
  });

  it('fails a listing, too', async () => {
    const store = new InMemoryObjectStore();
    store.nextError = new FaceHashError('STORE_UNAVAILABLE');
    const listing = store.list('')[Symbol.asyncIterator]();
    await expect(listing.next()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
