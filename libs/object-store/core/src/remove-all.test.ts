import { removeAll } from './remove-all.js';
import { InMemoryObjectStore } from './testing/in-memory-object-store.js';

describe('removing everything below a prefix', () => {
  it('leaves all others, and may be repeated', async () => {
    const objects = new InMemoryObjectStore();
    for (const key of ['a/1', 'a/b/2', 'ab/3', 'c/a/4']) await objects.create(key, new Uint8Array());
    await removeAll(objects, 'a/');
    await removeAll(objects, 'a/');
    const left: string[] = [];
    for await (const { key } of objects.list('')) left.push(key);
    expect(left).toEqual(['ab/3', 'c/a/4']);
  });
});
