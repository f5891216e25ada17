import { FaceHashError } from '@facehash/kernel';
import { eventSchema, type EventStream, type FaceHashEvent } from '@facehash/messaging-core';
import { atOnce } from './at-once.js';
import { Bell } from './bell.js';
import { frozenCopy } from './frozen.js';

/** The newest events in memory, oldest first. Readers only remember how far they are, so a slow one costs nothing. */
export class LocalEvents implements EventStream {
  readonly #kept: FaceHashEvent[] = [];
  /** Id to the model that it is of. */
  readonly #ids = new Map<string, string>();
  readonly #bell = new Bell();
  /** How many were forgotten: the number, counted from the very first, of the oldest that is kept. */
  #forgotten = 0;

  constructor(
    private readonly keptMax: number,
    private readonly closed: AbortSignal,
  ) {}

  publish(event: FaceHashEvent, signal?: AbortSignal): Promise<void> {
    return atOnce(() => {
      signal?.throwIfAborted();
      this.#publish(event);
    });
  }

  holds({ storageId, id }: { readonly storageId: string; readonly id: string }, signal?: AbortSignal): Promise<boolean> {
    return atOnce(() => {
      signal?.throwIfAborted();
      if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
      return this.#ids.get(id) === storageId;
    });
  }

  async *subscribe(filter: { readonly storageId: string; readonly afterId?: string }, signal: AbortSignal): AsyncIterable<FaceHashEvent> {
    const end = AbortSignal.any([signal, this.closed]);
    for (let next = this.#firstFor(filter.afterId); !end.aborted;) {
      next = Math.max(next, this.#forgotten);
      const event = this.#kept[next - this.#forgotten];
      if (!event) await this.#bell.heard(end);
      else {
        next++;
        if (event.subject === filter.storageId) yield event;
      }
    }
  }

  #publish(event: FaceHashEvent): void {
    if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
    const checked = eventSchema.safeParse(event);
    if (!checked.success)
      throw new FaceHashError('REQUEST_INVALID', { event: 'type' in event ? event.type : null }, { cause: checked.error });
    if (this.#ids.has(checked.data.id)) return;
    this.#keep(frozenCopy(checked.data));
    this.#bell.ring();
  }

  /** The number of the event to begin with. One that is not kept is at -1, and after it comes the oldest. */
  #firstFor(afterId: string | undefined): number {
    if (afterId === undefined) return this.#forgotten + this.#kept.length;
    return this.#forgotten + this.#kept.findIndex((event) => event.id === afterId) + 1;
  }

  #keep(event: FaceHashEvent): void {
    this.#kept.push(event);
    this.#ids.set(event.id, event.subject);
    if (this.#kept.length <= this.keptMax) return;
    const oldest = this.#kept.shift();
    if (oldest) this.#ids.delete(oldest.id);
    this.#forgotten++;
  }
}
