import { LaneQueue, type Lane, type LaneLimits } from './lanes.js';

function aQueue(limits: Partial<LaneLimits> = {}): LaneQueue<string> {
  return new LaneQueue({
    waitingMax: { recognition: 100, enrolment: 100 },
    waitMaxMs: { recognition: 1000, enrolment: 30_000 },
    ...limits,
  });
}

const now = { nowMs: 0, workers: 2 };
function fill(queue: LaneQueue<string>, lane: Lane, count: number): void {
  for (let i = 0; i < count; i++) queue.admit(`${lane} ${i}`, lane, now);
}
/** Enough answers to foretell by. */
function answered(queue: LaneQueue<string>, ms: number): void {
  for (let i = 0; i < 20; i++) queue.served(ms);
}

function served(queue: LaneQueue<string>, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => queue.next());
}

describe('those who wait for a worker', () => {
  it('are served in the order of their arrival', () => {
    const queue = aQueue();
    fill(queue, 'recognition', 3);
    expect(served(queue, 4)).toEqual(['recognition 0', 'recognition 1', 'recognition 2', undefined]);
  });

  it('are refused when as many wait as may, each lane by itself', () => {
    const queue = aQueue({ waitingMax: { recognition: 1, enrolment: 1 } });
    expect(queue.admit('a', 'recognition', now)).toBeUndefined();
    expect(queue.admit('b', 'recognition', now)).toBe('full');
    expect(queue.admit('c', 'enrolment', now)).toBeUndefined();
  });

  it('leave when their caller gives up', () => {
    const queue = aQueue();
    fill(queue, 'recognition', 2);
    queue.withdraw('recognition 0');
    expect(queue.waiting('recognition')).toBe(1);
    expect(queue.next()).toBe('recognition 1');
  });
});

describe('a recognition', () => {
  it('goes before enrolment, of which every fifth place is kept', () => {
    const queue = aQueue();
    fill(queue, 'enrolment', 4);
    fill(queue, 'recognition', 20);
    const order = served(queue, 10).map((job) => job?.split(' ')[0]);
    expect(order.filter((lane) => lane === 'enrolment')).toHaveLength(2);
    expect(order.slice(0, 4)).toEqual(Array(4).fill('recognition'));
  });

  it('waits for no share when nobody is enrolled, and enrolment has every place when nobody asks', () => {
    const queue = aQueue();
    fill(queue, 'recognition', 10);
    expect(served(queue, 10).every((job) => job?.startsWith('recognition'))).toBe(true);
    fill(queue, 'enrolment', 10);
    expect(served(queue, 10).every((job) => job?.startsWith('enrolment'))).toBe(true);
  });
});

describe('a deadline', () => {
  it('that cannot be kept is refused at once, by what answers took of late', () => {
    const queue = aQueue();
    answered(queue, 500);
    // Two workers, half a second each: the fourth would wait for a second, and the fifth for longer.
    expect([0, 1, 2, 3, 4].map((i) => queue.admit(String(i), 'recognition', now))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'late',
    ]);
  });

  it('is not judged by the first few answers, which come from workers that are warming up', () => {
    const queue = aQueue();
    for (let i = 0; i < 19; i++) queue.served(10_000);
    expect(queue.admit('a', 'recognition', now)).toBeUndefined();
  });

  it('is judged by newer answers more than by older ones', () => {
    const queue = aQueue();
    answered(queue, 10_000);
    expect(queue.admit('a', 'recognition', now)).toBe('late');
    for (let i = 0; i < 50; i++) queue.served(10);
    expect(queue.admit('a', 'recognition', now)).toBeUndefined();
    expect(queue.expectedWaitMs('recognition', 2)).toBeLessThan(100);
  });

  it('counts the share that enrolment takes', () => {
    const queue = aQueue();
    answered(queue, 100);
    fill(queue, 'recognition', 7);
    const alone = queue.expectedWaitMs('recognition', 2);
    fill(queue, 'enrolment', 50);
    expect(alone).toBe(400);
    expect(queue.expectedWaitMs('recognition', 2)).toBe(500);
  });

  it('that passes while a job waits ends the wait', () => {
    const queue = aQueue();
    queue.admit('early', 'recognition', { nowMs: 0, workers: 1 });
    queue.admit('later', 'recognition', { nowMs: 400, workers: 1 });
    queue.admit('photo', 'enrolment', { nowMs: 0, workers: 1 });
    expect(queue.nextExpiryMs()).toBe(1000);
    expect(queue.expire('recognition', 999)).toEqual([]);
    expect(queue.expire('recognition', 1000)).toEqual(['early']);
    expect(queue.nextExpiryMs()).toBe(1400);
    expect(queue.clear()).toEqual(['later', 'photo']);
    expect(queue.nextExpiryMs()).toBeUndefined();
  });
});

describe('four times the load that two workers can bear', () => {
  it('is answered as fast as the workers can, in bounded time, and the rest is refused at once', () => {
    const queue = aQueue({ waitingMax: { recognition: 24, enrolment: 8 }, waitMaxMs: { recognition: 2000, enrolment: 30_000 } });
    const [serviceMs, workers] = [20, 2];
    const came = new Map<string, number>();
    const waits: number[] = [];
    let [refused, answered] = [0, 0];
    // One step is 2.5 ms: a new request at each, 400 a second; a worker is free at every fourth, 100 a second.
    for (let step = 0; step < 4000; step++) {
      const nowMs = step * 2.5;
      const name = String(step);
      if (queue.admit(name, 'recognition', { nowMs, workers })) refused++;
      else came.set(name, nowMs);
      if (step % 4 !== 0) continue;
      const next = queue.next();
      if (next === undefined) continue;
      answered++;
      queue.served(serviceMs);
      waits.push(nowMs - (came.get(next) ?? Number.NaN));
    }
    expect(answered).toBe(1000);
    expect(refused).toBe(4000 - 1000 - queue.waiting('recognition'));
    expect(Math.max(...waits)).toBeLessThanOrEqual(240);
  });
});
