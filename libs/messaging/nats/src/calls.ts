import { backoffMs, deadline, FaceHashError, unlessAborted } from '@facehash/kernel';
import type { Link, Session } from './link.js';
import type { NatsOptions } from './options.js';
import { lastingError } from './store-errors.js';

const AGAIN = { firstMs: 20, maxMs: 1_000 };

export interface CallsParts {
  readonly link: Link;
  readonly options: NatsOptions;
  readonly timeoutMs: number;
  readonly closed: AbortSignal;
}

/** Asks NATS within the time of one call, again and again while it may help. */
export class Calls {
  constructor(private readonly parts: CallsParts) {}

  /**
   * `work` may be run several times, and one that did not answer may have been done all the same.
   * @throws what cannot change by asking again; STORE_UNAVAILABLE when time is up; the signal's reason
   */
  async ask<T>(work: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { timeoutMs, link, options, closed } = this.parts;
    signal?.throwIfAborted();
    if (closed.aborted) throw closedError();
    const end = deadline(timeoutMs, signal ? AbortSignal.any([signal, closed]) : closed);
    let cause: unknown;
    for (let attempt = 0; !end.aborted; attempt++) {
      try {
        const session = await link.ready(end);
        return await unlessAborted(work(session), AbortSignal.any([end, session.lost]));
      } catch (error) {
        if (end.aborted) break;
        cause = error;
        const lasting = lastingError(error);
        if (lasting) throw lasting;
        await options.clock.sleep(backoffMs(attempt, AGAIN, options.random), end).catch(() => undefined);
      }
    }
    signal?.throwIfAborted();
    if (closed.aborted) throw closedError();
    throw new FaceHashError('STORE_UNAVAILABLE', { afterMs: timeoutMs, nats: link.health.why }, { cause });
  }
}

function closedError(): FaceHashError {
  return new FaceHashError('STORE_UNAVAILABLE', { closed: true });
}
