import type { IncomingHttpHeaders } from 'node:http';
import { FaceHashError, type Clock } from '@facehash/kernel';
import { standInOf, type StandIn } from './stand-in.js';

/** Enough to send an answer before the connections are cut. */
const LAST_CALL_MS = 1000;

export interface PartingParts {
  /** Aborts when the replica begins to stop. */
  readonly draining: AbortSignal;
  /** For how long calls that are under way then may go on. */
  readonly graceMs: number;
  readonly clock: Clock;
}

/** Why a call is waited for no more: there is something else to answer. */
export class StandInDue extends Error {
  constructor(readonly standIn: StandIn) {
    super('the replica stops');
  }
}

/** Ends the wait of a call that was handed on when this replica stops: at once where there is a stand-in, else when it is about to be cut. */
export class Parting implements Disposable {
  readonly #cut = new AbortController();
  readonly #over = new AbortController();
  #standIn: StandIn | undefined;

  constructor(private readonly parts: PartingParts) {
    const { draining } = parts;
    if (draining.aborted) this.#begin();
    else draining.addEventListener('abort', () => this.#begin(), { once: true, signal: this.#over.signal });
  }

  /** Aborts with `StandInDue` or with SHUTTING_DOWN. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  told(headers: IncomingHttpHeaders): void {
    this.#standIn ??= standInOf(headers);
    this.#answerByStandIn();
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  #begin(): void {
    const { clock, graceMs } = this.parts;
    this.#answerByStandIn();
    clock.sleep(Math.max(graceMs - LAST_CALL_MS, graceMs / 2), this.#over.signal).then(
      () => this.#cut.abort(new FaceHashError('SHUTTING_DOWN')),
      () => undefined,
    );
  }

  #answerByStandIn(): void {
    if (this.#standIn && this.parts.draining.aborted) this.#cut.abort(new StandInDue(this.#standIn));
  }
}
