import type { ObjectStore } from '../ports.js';

export interface OpenedObjectStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string | undefined => data && new TextDecoder().decode(data);

/** What every object store promises. Runs against the fake and against each real adapter. */
export function describeObjectStoreContract(name: string, open: () => Promise<OpenedObjectStore>): void {
  describe(`object store contract: ${name}`, () => {
    let opened: OpenedObjectStore;
    let store: ObjectStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    describe('an immutable object', () => {
      it('is created once and read back', async () => {
        expect(await store.create('m/photos/a', bytes('one'))).toBe('created');
        expect(await store.create('m/photos/a', bytes('two'))).toBe('exists');
        expect(text((await store.read('m/photos/a'))?.bytes)).toBe('one');
      });

      it('is created by exactly one of twenty who try at once, and is that one’s', async () => {
        const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => store.create('m/race', bytes(`writer ${i}`))));
        expect(outcomes.filter((o) => o === 'created')).toHaveLength(1);
        expect(text((await store.read('m/race'))?.bytes)).toBe(`writer ${outcomes.indexOf('created')}`);
      });

      it('may be empty, and may be large', async () => {
        const large = new Uint8Array(3 * 1024 * 1024).map((_, i) => i % 251);
        await store.create('m/empty', new Uint8Array());
        await store.create('m/large', large);
        expect((await store.read('m/empty'))?.bytes).toHaveLength(0);
        expect(Buffer.compare((await store.read('m/large'))?.bytes ?? new Uint8Array(), large)).toBe(0);
      });

      it('is never seen in part', async () => {
        const whole = bytes('x'.repeat(500_000));
        const writing = store.create('m/whole', whole);
        for (let seen: number | undefined; seen === undefined; ) {
          seen = (await store.read('m/whole'))?.bytes.length;
          expect([undefined, whole.length]).toContain(seen);
        }
        await writing;
      });

      it('does not change when the caller changes its buffer afterwards', async () => {
        const buffer = bytes('before');
        await store.create('m/kept', buffer);
        buffer.fill(0);
        expect(text((await store.read('m/kept'))?.bytes)).toBe('before');
      });
    });

    describe('a pointer', () => {
      it('is made where there is none, and replaced only by who read its last state', async () => {
        const first = await store.replace('m/active.json', bytes('1'), null);
        expect(first).toBeDefined();
        expect(await store.replace('m/active.json', bytes('again'), null)).toBeUndefined();
        const second = await store.replace('m/active.json', bytes('2'), first ?? null);
        expect(second).toBeDefined();
        expect(await store.replace('m/active.json', bytes('late'), first ?? null)).toBeUndefined();
        expect(await store.read('m/active.json')).toMatchObject({ revision: second });
        expect(text((await store.read('m/active.json'))?.bytes)).toBe('2');
      });

      it('cannot be replaced by who believes in a revision that never was', async () => {
        expect(await store.replace('m/none', bytes('x'), 'made-up')).toBeUndefined();
        expect(await store.read('m/none')).toBeUndefined();
      });

      it('is won by exactly one of twenty at each of five steps', async () => {
        let revision: string | null = null;
        for (let step = 0; step < 5; step++) {
          const tried: (string | undefined)[] = await Promise.all(Array.from({ length: 20 }, (_, i) => store.replace('m/pointer', bytes(`${step} ${i}`), revision)));
          const won: (string | undefined)[] = tried.filter((r) => r !== undefined);
          expect(won).toHaveLength(1);
          expect(text((await store.read('m/pointer'))?.bytes)).toBe(`${step} ${tried.indexOf(won[0])}`);
          revision = won[0] ?? null;
        }
      });
    });

    it('answers undefined for what is not there, and removes as often as one likes', async () => {
      expect(await store.read('m/nothing')).toBeUndefined();
      await store.create('m/gone', bytes('x'));
      await store.remove('m/gone');
      await store.remove('m/gone');
      expect(await store.read('m/gone')).toBeUndefined();
      expect(await store.create('m/gone', bytes('y'))).toBe('created');
    });

    it('lists what starts with the prefix, in order, with sizes', async () => {
      for (const key of ['m/v/2/b', 'm/v/10/a', 'm/v/1', 'm/w', 'mm/v/1']) await store.create(key, bytes(key));
      const listed = await collect(store.list('m/v/'));
      expect(listed).toEqual(['m/v/1', 'm/v/10/a', 'm/v/2/b'].map((key) => ({ key, sizeBytes: key.length })));
      expect(await collect(store.list('nobody/'))).toEqual([]);
      expect((await collect(store.list('m/v/1'))).map((o) => o.key)).toEqual(['m/v/1', 'm/v/10/a']);
    });

    it.each(['', '/', '/a', 'a/', 'a//b', '../a', 'a/../b', 'a/./b', 'a b', 'ä', 'a\\b', 'a\0b', `a/${'x'.repeat(512)}`])('refuses the key %j', async (key) => {
      await expect(store.create(key, bytes('x'))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(store.read(key)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(store.replace(key, bytes('x'), null)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
      await expect(store.remove(key)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    });

    it('does nothing for a signal that has aborted, and gives its reason', async () => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(store.create('m/late', bytes('x'), signal)).rejects.toThrow('enough');
      await expect(store.read('m/late', signal)).rejects.toThrow('enough');
      await expect(store.replace('m/late', bytes('x'), null, signal)).rejects.toThrow('enough');
      await expect(collect(store.list('m/', signal))).rejects.toThrow('enough');
      expect(await store.read('m/late')).toBeUndefined();
    });
  });
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
