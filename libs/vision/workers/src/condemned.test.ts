import { FakeClock } from '@facehash/kernel/testing';
import { Condemned } from './condemned.js';

describe('a picture that ended workers', () => {
  it('is remembered for an hour', () => {
    const clock = new FakeClock();
    const condemned = new Condemned(clock);
    condemned.add('a');
    clock.advance(60 * 60_000 - 1);
    expect(condemned.has('a')).toBe(true);
    clock.advance(1);
    expect(condemned.has('a')).toBe(false);
    expect(condemned.none).toBe(true);
  });

  it('is remembered anew when it does it again', () => {
    const clock = new FakeClock();
    const condemned = new Condemned(clock);
    condemned.add('a');
    clock.advance(50 * 60_000);
    condemned.add('a');
    clock.advance(50 * 60_000);
    expect(condemned.has('a')).toBe(true);
  });

  it('is forgotten when it turned out to be innocent', () => {
    const condemned = new Condemned(new FakeClock());
    condemned.add('a');
    condemned.acquit('a');
    expect([condemned.has('a'), condemned.none]).toEqual([false, true]);
  });

  it('is forgotten when a thousand others came after it', () => {
    const condemned = new Condemned(new FakeClock());
    for (let i = 0; i <= 1000; i++) condemned.add(String(i));
    expect([condemned.has('0'), condemned.has('1'), condemned.has('1000')]).toEqual([false, true, true]);
  });
});
