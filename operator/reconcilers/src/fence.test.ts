import { seededRandom, silentLogger } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { Fence } from './fence.js';

function aFence() {
  const clock = new FakeClock();
  const lead = { leads: false, holdsLease: true };
  const stop = new AbortController();
  const fence = new Fence({
    objects: new InMemoryObjectStore(),
    leads: () => lead.leads,
    holdsLease: () => lead.holdsLease,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  return { clock, fence, lead, stop };
}

function thrownBy(fence: Fence): unknown {
  try {
    return fence.term();
  } catch (error) {
    return error;
  }
}

describe('the term of an operator', () => {
  it('is waited for by the first looks, which so do not fail', async () => {
    const { clock, fence, lead, stop } = aFence();
    const running = fence.run(stop.signal).catch(() => undefined);
    const first = fence.whenTaken().then(() => fence.term());
    lead.leads = true;
    clock.advance(100);
    await expect(first).resolves.toBe(1);
    expect(clock.sleeping).toBe(0);
    stop.abort();
    await running;
  });

  it('is not waited for for long: then the store is told to be away', async () => {
    const { clock, fence } = aFence();
    const first = fence.whenTaken();
    clock.advance(3_000);
    await first;
    await fence.whenTaken();
    expect(thrownBy(fence)).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('is nobody’s whose lease is lost', async () => {
    const { clock, fence, lead, stop } = aFence();
    const running = fence.run(stop.signal).catch(() => undefined);
    lead.leads = true;
    const first = fence.whenTaken();
    clock.advance(100);
    await first;
    lead.holdsLease = false;
    expect(thrownBy(fence)).toMatchObject({ code: 'SHUTTING_DOWN' });
    stop.abort();
    await running;
  });
});
