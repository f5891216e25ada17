import { eventSchema, type EventStream, type FaceHashEvent } from '@facehash/messaging-core';
import { FaceHashError } from '@facehash/kernel';
import { Channel } from './channel.js';

/** How many of the newest events are kept for who comes back, and how many may wait for a slow reader. */
const KEPT_MAX = 1000;
const WAITING_MAX = 1000;

/** The newest events in memory. A reader that falls further behind than the bound loses the oldest. */
export class LocalEvents implements EventStream {
  readonly #kept: FaceHashEvent[] = [];
  readonly #ids = new Set<string>();
  readonly #readers = new Set<Channel<FaceHashEvent>>();

  constructor(private readonly closed: AbortSignal) {}

  async publish(event: FaceHashEvent, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
    const checked = eventSchema.safeParse(event);
    if (!checked.success) throw new FaceHashError('REQUEST_INVALID', { event: event.type }, { cause: checked.error });
    if (this.#ids.has(event.id)) return;
    this.#keep(checked.data);
    for (const reader of this.#readers) reader.push(checked.data);
  }

  async *subscribe(filter: { readonly storageId: string; readonly afterId?: string }, signal: AbortSignal): AsyncIterable<FaceHashEvent> {
    const channel = new Channel<FaceHashEvent>(AbortSignal.any([signal, this.closed]), newest);
    if (filter.afterId !== undefined) {
      const last = this.#kept.findIndex((event) => event.id === filter.afterId);
      for (const event of this.#kept.slice(last + 1)) channel.push(event);
    }
    this.#readers.add(channel);
    try {
      for await (const event of channel.values()) if (event.subject === filter.storageId) yield event;
    } finally {
      this.#readers.delete(channel);
    }
  }

  #keep(event: FaceHashEvent): void {
    this.#kept.push(event);
    this.#ids.add(event.id);
    const dropped = this.#kept.length > KEPT_MAX ? this.#kept.shift() : undefined;
    if (dropped) this.#ids.delete(dropped.id);
  }
}

function newest(waiting: FaceHashEvent[], event: FaceHashEvent): FaceHashEvent[] {
  return [...waiting.slice(-(WAITING_MAX - 1)), event];
}
