import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '@facehash/kernel';
import { temporaryFolder, TestProcess } from '@facehash/testing';
import { openFsObjectStore } from './index.js';
import { contentOf, objectKey, POINTER } from './testing/programs.js';

const programs = {
  countUp: new URL('./testing/count-up.ts', import.meta.url),
  holdLock: new URL('./testing/hold-lock.ts', import.meta.url),
  writeUntilKilled: new URL('./testing/write-until-killed.ts', import.meta.url),
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const KILLS = 8;

describe('objects in a directory, over a kill -9', () => {
  it('hold everything that was acknowledged, nothing in part, and a pointer that moves on', async () => {
    await using folder = await temporaryFolder();
    const random = seededRandom(1);
    for (let kill = 0, from = 0, pointed = -1; kill < KILLS; kill++) {
      await using writer = new TestProcess(programs.writeUntilKilled, folder.path, String(from));
      await writer.printed(1 + Math.floor(random.next() * 12));
      await writer.kill();
      const acknowledged = (what: string): number[] => writer.lines.filter((l) => l.startsWith(what)).map((l) => Number(l.split(' ')[1]));

      const store = await openFsObjectStore(folder.path);
      expect(await readdir(join(folder.path, '.tmp'))).toEqual([]);
      for (const number of acknowledged('created')) expect(await sameContent(store, number)).toBe(true);
      let next = from;
      for await (const { key } of store.list('m/objects/')) {
        const number = Number(key.split('/').at(-1));
        expect(await sameContent(store, number)).toBe(true);
        next = Math.max(next, number + 1);
      }
      pointed = Math.max(pointed, ...acknowledged('pointed'));
      const pointer = await store.read(POINTER);
      if (pointed >= 0) expect(Number(new TextDecoder().decode(pointer?.bytes))).toBeGreaterThanOrEqual(pointed);
      const expected = pointer?.revision ?? null;
      expect(await store.replace(POINTER, bytes(`${next}`), expected)).toBeDefined();
      [from, pointed] = [next, next];
    }
  }, 60_000);

  it('leave no lock behind', async () => {
    await using folder = await temporaryFolder();
    const store = await openFsObjectStore(folder.path);
    await using holder = new TestProcess(programs.holdLock, join(folder.path, '.locks'));
    await holder.printed(1);
    let replaced = false;
    const replacing = store.replace(POINTER, bytes('1'), null).finally(() => (replaced = true));
    // Ten more writes take longer than a lock that is free would.
    for (let i = 0; i < 10; i++) await store.create(`m/${i}`, bytes('x'));
    expect(replaced).toBe(false);
    await holder.kill();
    expect(await replacing).toBeDefined();
  });
});

describe('a pointer that two processes change', () => {
  it('loses no step of either', async () => {
    await using folder = await temporaryFolder();
    await using one = new TestProcess(programs.countUp, folder.path, '150');
    await using other = new TestProcess(programs.countUp, folder.path, '150');
    await Promise.all([one.done(), other.done()]);
    const store = await openFsObjectStore(folder.path);
    expect(new TextDecoder().decode((await store.read(POINTER))?.bytes)).toBe('300');
  });
});

async function sameContent(store: Awaited<ReturnType<typeof openFsObjectStore>>, number: number): Promise<boolean> {
  const object = await store.read(objectKey(number));
  return object !== undefined && Buffer.compare(object.bytes, contentOf(number)) === 0;
}
