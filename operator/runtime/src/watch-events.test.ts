import fc from 'fast-check';
import { keyOf, parseList, parseObject, refOf } from './raw-object.js';
import { watchEvents, type WatchEvent } from './watch-events.js';

const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const named = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });

/** What comes of a text that arrives in pieces of these sizes, over and over. */
async function eventsOf(text: string, sizes: readonly number[] = [1_000_000]): Promise<readonly WatchEvent[]> {
  const bytes = Buffer.from(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length] ?? 1;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
  const events: WatchEvent[] = [];
  for await (const event of watchEvents(pieces(), 'WATCH /x')) events.push(event);
  return events;
}

describe('the events of a watch', () => {
  const text = line('ADDED', named('größe', '1')) + line('MODIFIED', named('größe', '2')) + line('DELETED', named('größe', '3'));

  it('are the same in whatever pieces they arrive, also in the middle of a letter', async () => {
    const whole = await eventsOf(text);
    expect(whole.map(({ kind }) => kind)).toEqual(['added', 'modified', 'deleted']);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }), async (sizes) => {
        expect(await eventsOf(text, sizes)).toEqual(whole);
      }),
    );
  });

  it('leave out a last line that was cut off', async () => {
    expect(await eventsOf(text.slice(0, -20))).toHaveLength(2);
  });

  it('know bookmarks, which have no name, and errors, which say why', async () => {
    const events = await eventsOf(
      line('BOOKMARK', { metadata: { resourceVersion: '9' } }) + line('ERROR', { kind: 'Status', code: 410, reason: 'Expired' }),
    );
    expect(events).toMatchObject([
      { kind: 'bookmark', resourceVersion: '9' },
      { kind: 'error', error: { code: 'gone', status: 410 } },
    ]);
  });

  it.each([
    ['no JSON', '<html>\n'],
    ['no known type', line('SURPRISE', named('a', '1'))],
    ['no resourceVersion', line('ADDED', { metadata: { name: 'a' } })],
    ['no object', line('ADDED', null)],
  ])('end the watch when a line is %s', async (_what, garbage) => {
    await expect(eventsOf(garbage)).rejects.toThrow();
  });
});

describe('what the API server sends', () => {
  it('is kept without who wrote which field', () => {
    const sent = { metadata: { name: 'a', managedFields: [{ manager: 'kubectl' }], labels: { x: 'y' } }, spec: { size: 1 } };
    expect(parseObject(sent)).toEqual({ metadata: { name: 'a', labels: { x: 'y' } }, spec: { size: 1 } });
    expect(parseList({ metadata: { resourceVersion: '5', continue: '' }, items: [sent] })).toMatchObject({
      items: [{ metadata: { name: 'a' } }],
      resourceVersion: '5',
      continueFrom: undefined,
    });
  });

  it.each([[null], [{}], [{ metadata: {} }], ['text'], [[]]])('is refused when it is %j', (sent) => {
    expect(() => parseObject(sent)).toThrow(TypeError);
    expect(() => parseList(sent)).toThrow(TypeError);
  });

  it('has keys that name it', () => {
    expect([keyOf({ namespace: 'n', name: 'a' }), keyOf({ name: 'a' })]).toEqual(['n/a', 'a']);
    expect([refOf('n/a'), refOf('a')]).toEqual([{ namespace: 'n', name: 'a' }, { name: 'a' }]);
  });
});
