import type { ObjectStore } from '../ports.js';

export interface OpenedObjectStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string | undefined => data && new TextDecoder().decode(data);
const invalid = { code: 'REQUEST_INVALID' };

const badKeys = [
  ...['', '/', '/a', 'a/', 'a//b', '..', '../a', 'a/../b', 'a/./b', '.hidden', 'a/.hidden', 'a b', 'ä', 'a\\b', 'a\0b', 'a\n'],
  `a/${'x'.repeat(256)}`,
  'a/'.repeat(256) + 'a',
];

/** What every object store promises. Runs against the fake and against each real adapter; nothing here depends on how long a call takes. */
export function describeObjectStoreContract(name: string, open: () => Promise<OpenedObjectStore>): void {
  describe(`object store contract: ${name}`, () => {
    let opened: OpenedObjectStore;
    let store: ObjectStore;
    const stored = async (key: string): Promise<string | undefined> => text((await store.read(key))?.bytes);
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    describe('an immutable object', () => {
      it('is created once and read back', async () => {
        expect(await store.create('m/photos/a', bytes('one'))).toBe('created');
        expect(await store.create('m/photos/a', bytes('two'))).toBe('exists');
        expect(await stored('m/photos/a')).toBe('one');
      });

      it('is created by exactly one of twenty who try at once, and is that one’s', async () => {
        const outcomes = await Promise.all(times(20, (i) => store.create('m/race', bytes(`writer ${i}`))));
        expect(outcomes.filter((o) => o === 'created')).toHaveLength(1);
        expect(outcomes.filter((o) => o === 'exists')).toHaveLength(19);
        expect(await stored('m/race')).toBe(`writer ${outcomes.indexOf('created')}`);
      });

      it('may be empty, and may be large', async () => {
        const large = new Uint8Array(3 * 1024 * 1024).map((_, i) => i % 251);
        await store.create('m/empty', new Uint8Array());
        await store.create('m/large', large);
        expect((await store.read('m/empty'))?.bytes).toHaveLength(0);
        expect(Buffer.compare((await store.read('m/large'))?.bytes ?? new Uint8Array(), large)).toBe(0);
      });

      it('may be a part of a larger buffer', async () => {
        await store.create('m/part', bytes('before|part|after').subarray(7, 11));
        expect(await stored('m/part')).toBe('part');
      });

      it('is never seen in part', async () => {
        const whole = bytes('x'.repeat(500_000));
        const work = whileRunning(store.create('m/whole', whole));
        while (work.running()) {
          expect([undefined, whole.length]).toContain((await store.read('m/whole'))?.bytes.length);
          for await (const { sizeBytes } of store.list('m/whole')) expect(sizeBytes).toBe(whole.length);
        }
        await work.done;
        expect((await store.read('m/whole'))?.bytes).toHaveLength(whole.length);
      });

      it('does not change with the buffer that it was written from, or the one it was read into', async () => {
        const buffer = bytes('before');
        await store.create('m/kept', buffer);
        buffer.fill(0);
        (await store.read('m/kept'))?.bytes.fill(0);
        expect(await stored('m/kept')).toBe('before');
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
        expect(await store.read('m/active.json')).toEqual({ bytes: bytes('2'), revision: second });
      });

      it('cannot be replaced by who believes in a revision that never was', async () => {
        expect(await store.replace('m/none', bytes('x'), 'made-up')).toBeUndefined();
        expect(await store.read('m/none')).toBeUndefined();
        await store.replace('m/some', bytes('x'), null);
        expect(await store.replace('m/some', bytes('y'), 'made-up')).toBeUndefined();
        expect(await stored('m/some')).toBe('x');
      });

      it('is won by exactly one of twenty at each of five steps', async () => {
        let revision: string | null = null;
        for (let step = 0; step < 5; step++) {
          const expected: string | null = revision;
          const tried: (string | undefined)[] = await Promise.all(
            times(20, (i) => store.replace('m/pointer', bytes(`${step} ${i}`), expected)),
          );
          const won: (string | undefined)[] = tried.filter((r) => r !== undefined);
          expect(won).toHaveLength(1);
          expect(await store.read('m/pointer')).toEqual({ bytes: bytes(`${step} ${tried.indexOf(won[0])}`), revision: won[0] });
          revision = won[0] ?? null;
        }
      });

      it('loses no step of those who each read, add one and try again', async () => {
        await Promise.all(times(5, () => addOne(store, 'm/sum', 4)));
        expect(await stored('m/sum')).toBe('20');
      });

      it('is read whole, old or new, while it is being replaced', async () => {
        const values = ['a'.repeat(300_000), 'b'.repeat(200_000)];
        let revision = (await store.replace('m/flip', bytes(values[0] ?? ''), null)) ?? null;
        const writing = async (): Promise<void> => {
          for (let i = 1; i <= 6; i++) revision = (await store.replace('m/flip', bytes(values[i % 2] ?? ''), revision)) ?? null;
        };
        const work = whileRunning(writing());
        while (work.running()) expect(values).toContain(await stored('m/flip'));
        await work.done;
        expect(await stored('m/flip')).toBe(values[0]);
      });
    });

    describe('one key, written both ways', () => {
      it('holds what was there first', async () => {
        await store.create('m/object', bytes('object'));
        expect(await store.replace('m/object', bytes('pointer'), null)).toBeUndefined();
        await store.replace('m/pointer', bytes('pointer'), null);
        expect(await store.create('m/pointer', bytes('object'))).toBe('exists');
        expect([await stored('m/object'), await stored('m/pointer')]).toEqual(['object', 'pointer']);
      });

      // The moment in which one could undo the other is short: many tries, each a little more apart.
      it('is won by one of the two who try at once, and is that one’s', async () => {
        for (let i = 0; i < 40; i++) {
          const key = `m/both/${i}`;
          const pointing = store.replace(key, bytes('pointer'), null);
          await turns(i % 10);
          const [created, pointed] = await Promise.all([store.create(key, bytes('object')), pointing]);
          expect([created === 'created', pointed !== undefined].filter(Boolean)).toHaveLength(1);
          expect(await stored(key)).toBe(created === 'created' ? 'object' : 'pointer');
        }
      });

      it('is gone once it was removed, also when it was just being replaced', async () => {
        for (let i = 0; i < 20; i++) {
          const revision = await store.replace('m/going', bytes('1'), null);
          const replacing = store.replace('m/going', bytes('2'), revision ?? null);
          await turns(i % 10);
          await Promise.all([store.remove('m/going'), replacing]);
          expect(await store.read('m/going')).toBeUndefined();
        }
      });
    });

    describe('what is not there', () => {
      it('reads as undefined, also where a folder is', async () => {
        await store.create('m/folder/a', bytes('x'));
        expect(await store.read('m/nothing')).toBeUndefined();
        expect(await store.read('m/folder')).toBeUndefined();
        expect(await store.read('m/folder/a/b')).toBeUndefined();
      });

      it('can be removed as often as one likes, and made anew', async () => {
        const revision = await store.replace('m/gone', bytes('x'), null);
        await store.remove('m/gone');
        await store.remove('m/gone');
        await store.remove('nobody/was/here');
        expect(await store.read('m/gone')).toBeUndefined();
        expect(await collect(store.list('m/'))).toEqual([]);
        expect(await store.replace('m/gone', bytes('y'), revision ?? null)).toBeUndefined();
        expect(await store.create('m/gone', bytes('y'))).toBe('created');
      });
    });

    describe('a listing', () => {
      it('holds what starts with the prefix, with sizes', async () => {
        for (const key of ['m/v/2/b', 'm/v/10/a', 'm/v/1', 'm/w', 'mm/v/1']) await store.create(key, bytes(key));
        const listed = await collect(store.list('m/v/'));
        expect(listed).toEqual(['m/v/1', 'm/v/10/a', 'm/v/2/b'].map((key) => ({ key, sizeBytes: key.length })));
        expect(await keys('m/v/1')).toEqual(['m/v/1', 'm/v/10/a']);
        expect(await keys('m')).toEqual(['m/v/1', 'm/v/10/a', 'm/v/2/b', 'm/w', 'mm/v/1']);
        expect(await keys('nobody/')).toEqual([]);
        expect(await keys('m/w/')).toEqual([]);
      });

      it('is in the order of the whole keys, whatever folders they lie in', async () => {
        const all = ['m/A', 'm/a-b', 'm/a.b', 'm/a/b', 'm/a/c/d', 'm/a0', 'm/a_b', 'm/aa', 'm/b'];
        for (const key of [...all].reverse()) await store.create(key, bytes('x'));
        await store.replace('m/a1', bytes('pointer'), null);
        expect(await keys('')).toEqual([...all, 'm/a1'].sort());
      });

      it.each(['..', '../', '/', 'm//', '.hidden', 'm v'])('refuses the prefix %j', async (prefix) => {
        await expect(keys(prefix)).rejects.toMatchObject(invalid);
      });
    });

    it.each(badKeys)('refuses the key %j', async (key) => {
      await expect(store.create(key, bytes('x'))).rejects.toMatchObject(invalid);
      await expect(store.read(key)).rejects.toMatchObject(invalid);
      await expect(store.replace(key, bytes('x'), null)).rejects.toMatchObject(invalid);
      await expect(store.remove(key)).rejects.toMatchObject(invalid);
    });

    describe('a signal', () => {
      const enough = new Error('enough');

      it('that has aborted lets nothing happen, and gives its reason', async () => {
        const signal = AbortSignal.abort(enough);
        await store.create('m/kept', bytes('x'));
        await expect(store.create('m/late', bytes('x'), signal)).rejects.toBe(enough);
        await expect(store.read('m/kept', signal)).rejects.toBe(enough);
        await expect(store.replace('m/late', bytes('x'), null, signal)).rejects.toBe(enough);
        await expect(store.remove('m/kept', signal)).rejects.toBe(enough);
        await expect(collect(store.list('m/', signal))).rejects.toBe(enough);
        expect(await keys('m/')).toEqual(['m/kept']);
      });

      it('that aborts during a write leaves all of it or nothing', async () => {
        const whole = bytes('x'.repeat(2_000_000));
        for (const write of [
          (signal: AbortSignal) => store.create('m/whole', whole, signal),
          (signal: AbortSignal) => store.replace('m/whole', whole, null, signal),
        ]) {
          const stop = new AbortController();
          const writing = write(stop.signal).catch((error: unknown) => error);
          stop.abort(enough);
          const outcome = await writing;
          const length = (await store.read('m/whole'))?.bytes.length;
          if (outcome === enough) expect([undefined, whole.length]).toContain(length);
          else expect(length).toBe(whole.length);
          await store.remove('m/whole');
        }
      });

      it('that aborts during a listing ends it with its reason', async () => {
        for (let i = 0; i < 3; i++) await store.create(`m/${i}`, bytes('x'));
        const stop = new AbortController();
        const listing = (async () => {
          for await (const { key } of store.list('m/', stop.signal)) if (key === 'm/0') stop.abort(enough);
        })();
        await expect(listing).rejects.toBe(enough);
      });
    });

    async function keys(prefix: string): Promise<string[]> {
      return (await collect(store.list(prefix))).map((object) => object.key);
    }
  });
}

/** A number in a pointer, counted up by compare-and-set: what two writers do who both mean to lose nothing. */
async function addOne(store: ObjectStore, key: string, count: number): Promise<void> {
  for (let added = 0; added < count;) {
    const before = await store.read(key);
    const next = Number(text(before?.bytes) ?? 0) + 1;
    if ((await store.replace(key, bytes(`${next}`), before?.revision ?? null)) !== undefined) added++;
  }
}

/** Lets that many turns of the event loop pass. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Tells a reader when to stop: once the work that it watches has ended, well or badly. */
function whileRunning(work: Promise<unknown>): { readonly done: Promise<void>; readonly running: () => boolean } {
  let running = true;
  const done = work.then(() => undefined).finally(() => (running = false));
  // Who awaits `done` meets the failure; until then it is not unhandled.
  done.catch(() => undefined);
  return { done, running: () => running };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
