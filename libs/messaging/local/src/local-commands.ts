import { backoffMs, FaceHashError, type Clock, type Random } from '@facehash/kernel';
import { commandSchema, type Command, type CommandQueue } from '@facehash/messaging-core';
import { atOnce } from './at-once.js';
import { Bell } from './bell.js';
import { frozenCopy } from './frozen.js';
import type { LocalMessagingLimits } from './limits.js';

interface Waiting {
  readonly command: Command;
  readonly failures: number;
  /** In ms of the clock: not handed over before. */
  readonly dueAt: number;
}

export interface LocalCommandsParts {
  readonly limits: LocalMessagingLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly closed: AbortSignal;
}

/** A work queue in memory. */
export class LocalCommands implements CommandQueue {
  readonly #waiting: Waiting[] = [];
  /** Ids that were sent, with the time, oldest first: the window in which the same id is the same command. */
  readonly #sent = new Map<string, number>();
  readonly #bell = new Bell();

  constructor(private readonly parts: LocalCommandsParts) {}

  send(command: Command, signal?: AbortSignal): Promise<void> {
    return atOnce(() => {
      signal?.throwIfAborted();
      this.#send(command);
    });
  }

  async consume(handle: (command: Command) => Promise<void>, signal: AbortSignal): Promise<void> {
    const end = AbortSignal.any([signal, this.parts.closed]);
    while (!end.aborted) {
      const next = this.#takeDue();
      if (!next) await this.#somethingIsDue(end);
      else await this.#handOver(next, handle);
    }
  }

  #send(command: Command): void {
    const { limits, closed } = this.parts;
    if (closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
    const checked = commandSchema.safeParse(command);
    if (!checked.success) throw new FaceHashError('REQUEST_INVALID', {}, { cause: checked.error });
    const now = this.#now();
    this.#forgetSentBefore(now - limits.duplicateWindowMs);
    if (this.#sent.has(checked.data.id)) return;
    if (this.#waiting.length >= limits.commandsWaiting) throw new FaceHashError('OVERLOADED', { waiting: this.#waiting.length });
    this.#remember(checked.data.id, now);
    this.#put({ command: frozenCopy(checked.data), failures: 0, dueAt: now });
  }

  async #handOver({ command, failures }: Waiting, handle: (command: Command) => Promise<void>): Promise<void> {
    try {
      await handle(command);
    } catch {
      // Why it failed is the handler's to log; here it only comes again.
      const { limits, random } = this.parts;
      this.#put({ command, failures: failures + 1, dueAt: this.#now() + backoffMs(failures, limits.redelivery, random) });
    }
  }

  #takeDue(): Waiting | undefined {
    const now = this.#now();
    const at = this.#waiting.findIndex(({ dueAt }) => dueAt <= now);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  async #somethingIsDue(end: AbortSignal): Promise<void> {
    const over = new AbortController();
    const either = AbortSignal.any([end, over.signal]);
    const waits = [this.#bell.heard(either)];
    const dueAt = this.#waiting.reduce((earliest, waiting) => Math.min(earliest, waiting.dueAt), Infinity);
    if (Number.isFinite(dueAt)) waits.push(this.parts.clock.sleep(Math.max(0, dueAt - this.#now()), either).catch(() => undefined));
    await Promise.race(waits);
    over.abort();
  }

  #put(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#bell.ring();
  }

  #forgetSentBefore(time: number): void {
    for (const [id, at] of this.#sent) {
      if (at >= time) return;
      this.#sent.delete(id);
    }
  }

  #remember(id: string, now: number): void {
    this.#sent.set(id, now);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > this.parts.limits.commandIdsRemembered && oldest !== undefined) this.#sent.delete(oldest);
  }

  #now(): number {
    return this.parts.clock.now().getTime();
  }
}
