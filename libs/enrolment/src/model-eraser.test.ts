import { deadline, systemClock } from '@facehash/kernel';
import { openLocalMessaging } from '@facehash/messaging-local';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { aPerson, aPhoto, InMemoryRegistry } from '@facehash/registry-core/testing';
import { modelEraser } from './model-eraser.js';

describe('erasing a model', () => {
  it('leaves no name, no row and no object of it, goes on after a failure, and leaves others as they were', async () => {
    const messaging = openLocalMessaging({ clock: systemClock });
    const registry = new InMemoryRegistry();
    const objects = new InMemoryObjectStore();
    const { people } = messaging;
    for (const storageId of ['fm-one', 'fm-one-2']) {
      const ann = aPerson('Ann', { storageId });
      await registry.createPerson(ann);
      await registry.addPhoto(aPhoto(ann));
      await objects.create(`${storageId}/photos/${ann.id}/x`, new Uint8Array());
      await people.put(storageId, { v: 1, storageId, revision: 1, names: { [ann.id]: 'Ann' }, tombstones: {} }, null);
    }
    const erase = modelEraser({ registry, objects, people });
    registry.nextError = new Error('down');
    await expect(erase('fm-one', deadline(1000))).rejects.toThrow('down');
    await erase('fm-one', deadline(1000));
    await erase('fm-one', deadline(1000));
    expect([await registry.counts('fm-one'), await people.get('fm-one')]).toEqual([{ people: 0, photos: 0 }, undefined]);
    expect(await registry.counts('fm-one-2')).toEqual({ people: 1, photos: 1 });
    expect((await people.get('fm-one-2'))?.value.revision).toBe(1);
    const left: string[] = [];
    for await (const { key } of objects.list('')) left.push(key);
    expect(left).toEqual([`fm-one-2/photos/${aPerson('Ann').id}/x`]);
    await messaging.close();
  });
});
