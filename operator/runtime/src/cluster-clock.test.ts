import { ClusterClock } from './cluster-clock.js';
import { FakeRuntimeClock } from './testing/fake-runtime-clock.js';

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toUTCString();
const seconds = (clock: ClusterClock): number => (clock.now().getTime() - Date.UTC(2026, 0, 1, 12)) / 1000;

describe('the clock of the cluster', () => {
  it('is the machine’s own until the API server has told it', () => {
    const own = new FakeRuntimeClock();
    expect(new ClusterClock(own).now()).toEqual(own.now());
  });

  it('is that of the API server, to a second, and goes on by itself, whatever the machine’s is set to', () => {
    const own = new FakeRuntimeClock();
    const clock = new ClusterClock(own);
    clock.heard(at(10), 0);
    expect(seconds(clock)).toBe(10.5);
    own.setWallClock(3_600_000);
    own.advance(1_000);
    expect(seconds(clock)).toBe(11.5);
    own.setWallClock(-7_200_000);
    expect(seconds(clock)).toBe(11.5);
  });

  it('is not set by what it agrees with', () => {
    const own = new FakeRuntimeClock();
    const clock = new ClusterClock(own);
    clock.heard(at(10), 0);
    for (const [date, roundTripMs] of [
      [at(10), 0],
      [at(9), 600],
    ] as const) {
      clock.heard(date, roundTripMs);
      expect(seconds(clock)).toBe(10.5);
    }
  });

  it('follows an API server that sets its own, and no answer that was long on its way or says no time', () => {
    const clock = new ClusterClock(new FakeRuntimeClock());
    clock.heard(at(10), 0);
    clock.heard(at(40), 2_001);
    clock.heard('soon', 0);
    expect(seconds(clock)).toBe(10.5);
    clock.heard(at(40), 1_000);
    expect(seconds(clock)).toBe(41);
  });
});
