import { newId, seededRandom, silentLogger } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { Asked } from './asked.js';

const { signal } = new AbortController();

describe('what commands ask for', () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  let asked: Asked;
  beforeEach(() => {
    asked = new Asked({ clock, logger: silentLogger });
  });

  const activation = (version: string, { by = clock }: { readonly by?: FakeClock } = {}) =>
    ({ v: 1, id: newId('cmd', by, random), kind: 'activate', storageId: 'fm', version }) as const;

  it('stays until it is recorded, also by a pass that comes after one that failed', async () => {
    const command = activation('v-1');
    const first = asked.activate(command, signal);
    asked.failed('fm', new Error('no store'));
    await expect(first).rejects.toThrow('no store');
    expect(asked.of('fm')?.wish).toEqual({ activate: { version: 'v-1' } });
    const again = asked.activate(command, signal);
    asked.of('fm')?.recorded();
    await expect(again).resolves.toBeUndefined();
    expect(asked.of('fm')).toBeUndefined();
  });

  it('is done with when something newer is asked for, which a pass that began before does not record', async () => {
    const first = asked.activate(activation('v-1'), signal);
    const before = asked.of('fm');
    clock.advance(1);
    const second = asked.activate(activation('v-2'), signal);
    await expect(first).resolves.toBeUndefined();
    before?.recorded();
    expect(asked.of('fm')?.wish).toEqual({ activate: { version: 'v-2' } });
    asked.of('fm')?.recorded();
    await expect(second).resolves.toBeUndefined();
  });

  it('is not recorded when nobody can be waiting for it any more', async () => {
    const first = asked.activate(activation('v-1'), signal);
    asked.failed('fm', new Error('no store'));
    await expect(first).rejects.toThrow('no store');
    clock.advance(61_000);
    expect(asked.of('fm')).toBeUndefined();
  });

  it('by a clock that is ahead is not newer than what is asked for afterwards', async () => {
    const ahead = new FakeClock(new Date(clock.now().getTime() + 3_600_000));
    const first = asked.activate(activation('v-1', { by: ahead }), signal);
    asked.of('fm')?.recorded();
    await first;
    clock.advance(1);
    const second = asked.activate(activation('v-2'), signal);
    expect(asked.of('fm')?.wish).toEqual({ activate: { version: 'v-2' } });
    asked.of('fm')?.recorded();
    await second;
  });

  it('ends with the process', async () => {
    const stop = new AbortController();
    const waiting = asked.activate(activation('v-1'), stop.signal);
    stop.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
  });
});
