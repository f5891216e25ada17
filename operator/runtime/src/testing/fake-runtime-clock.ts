import { FakeClock } from '@facehash/kernel/testing';
import type { RuntimeClock } from '../runtime-clock.js';

/** A clock that stands still until a test moves it, and whose wall clock a test can set to any time. */
export class FakeRuntimeClock extends FakeClock implements RuntimeClock {
  readonly #startMs = super.now().getTime();
  #setByMs = 0;

  override now(): Date {
    return new Date(super.now().getTime() + this.#setByMs);
  }

  monotonicMs(): number {
    return super.now().getTime() - this.#startMs;
  }

  /** As an operator of the machine does it, or a bad time server. */
  setWallClock(byMs: number): void {
    this.#setByMs += byMs;
  }
}
