import { FakeClock } from '@facehash/kernel/testing';
import { IdempotentAnswers, type IdempotencyLimits } from './idempotent-answers.js';

const sent = (key: string, overrides: { readonly path?: string; readonly storageId?: string } = {}) => ({
  storageId: 'fm-1',
  key,
  path: '/v1/people',
  ...overrides,
});

describe('answers to requests with an idempotency key', () => {
  let clock: FakeClock;
  let works: number;
  beforeEach(() => {
    clock = new FakeClock();
    works = 0;
  });
  const opened = (limits: Partial<IdempotencyLimits> = {}) =>
    new IdempotentAnswers(clock, { entriesMax: 100, bytesMax: 10_000, keepMs: 1000, ...limits });
  const work = async () => ({ body: { n: ++works }, location: `/v1/people/${works}` });

  it('are given again, to the same model and for the same address only', async () => {
    const answers = opened();
    expect(await answers.once(sent('a'), work)).toEqual({ body: { n: 1 }, location: '/v1/people/1', replayed: false });
    expect(await answers.once(sent('a'), work)).toEqual({ body: { n: 1 }, location: '/v1/people/1', replayed: true });
    expect(await answers.once(sent('a', { storageId: 'fm-2' }), work)).toMatchObject({ body: { n: 2 }, replayed: false });
    await expect(answers.once(sent('a', { path: '/v1/people/1/photos' }), work)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('are waited for while the first request is under way', async () => {
    const answers = opened();
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const all = [1, 2, 3].map(() => answers.once(sent('a'), () => gate.then(work)));
    finish();
    expect((await Promise.all(all)).map((a) => [a.body, a.replayed])).toEqual([
      [{ n: 1 }, false],
      [{ n: 1 }, true],
      [{ n: 1 }, true],
    ]);
  });

  it('are not kept of a failure: who comes next tries again', async () => {
    const answers = opened();
    const failing = answers.once(sent('a'), () => Promise.reject(new Error('no')));
    const next = answers.once(sent('a'), work);
    await expect(failing).rejects.toThrow('no');
    expect(await next).toMatchObject({ body: { n: 1 }, replayed: false });
  });

  it('are forgotten in time, and where there are too many or too large ones, the oldest first', async () => {
    const aged = opened();
    await aged.once(sent('a'), work);
    clock.advance(1000);
    expect(await aged.once(sent('a'), work)).toMatchObject({ replayed: false });
    const few = opened({ entriesMax: 2 });
    for (const key of ['a', 'b', 'c']) await few.once(sent(key), work);
    expect(await few.once(sent('c'), work)).toMatchObject({ replayed: true });
    expect(await few.once(sent('a'), work)).toMatchObject({ replayed: false });
    const small = opened({ bytesMax: 100 });
    for (const key of ['a', 'b']) await small.once(sent(key), async () => ({ body: 'x'.repeat(60), location: undefined }));
    expect(await small.once(sent('b'), work)).toMatchObject({ replayed: true });
    expect(await small.once(sent('a'), work)).toMatchObject({ replayed: false });
  });

  it('do not outlive whom they tell of', async () => {
    const answers = opened();
    await answers.once(sent('a'), async () => ({ body: { id: 'per_ann', name: 'Ann' }, location: undefined }));
    await answers.once(sent('b', { path: '/v1/people/per_ann/photos' }), work);
    await answers.once(sent('c'), async () => ({ body: { id: 'per_ben' }, location: undefined }));
    answers.forget('fm-2', ['per_ann']);
    expect(await answers.once(sent('a'), work)).toMatchObject({ replayed: true });
    answers.forget('fm-1', ['per_ann']);
    expect(await answers.once(sent('a'), work)).toMatchObject({ replayed: false });
    expect(await answers.once(sent('b'), work)).toMatchObject({ replayed: false });
    expect(await answers.once(sent('c'), work)).toMatchObject({ replayed: true });
    answers.forget('fm-1', 'everybody');
    expect(await answers.once(sent('c'), work)).toMatchObject({ replayed: false });
  });

  it('are not kept of whom was forgotten while they were made', async () => {
    const answers = opened();
    const made = Promise.withResolvers<{ body: unknown; location: undefined }>();
    const first = answers.once(sent('a'), () => made.promise);
    answers.forget('fm-1', ['per_ann']);
    made.resolve({ body: { id: 'per_ann', name: 'Ann' }, location: undefined });
    expect(await first).toMatchObject({ body: { id: 'per_ann' } });
    expect(await answers.once(sent('a'), work)).toMatchObject({ replayed: false });
  });
});
