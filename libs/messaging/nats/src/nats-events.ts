import { eventSchema, type EventStream, type FaceHashEvent } from '@facehash/messaging-core';
import type { Calls } from './calls.js';
import { follow, type FollowParts } from './follow.js';
import { checked, parsed } from './json.js';
import { eventById, eventsOf, eventStream, eventSubject } from './names.js';
import { answered } from './store-errors.js';

export interface EventParts extends FollowParts {
  readonly calls: Calls;
  readonly closed: AbortSignal;
}

const asEvent = (value: unknown): ReturnType<typeof eventSchema.safeParse> => eventSchema.safeParse(value);

/** Events on a stream that forgets the oldest. */
export class NatsEvents implements EventStream {
  constructor(private readonly parts: EventParts) {}

  async publish(event: FaceHashEvent, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const whole = checked(asEvent, event, { event: 'type' in event ? event.type : null });
    // "Nothing with this id yet": holds for as long as the stream holds the event, which a window of time does not.
    const expect = { lastSubjectSequence: 0, lastSubjectSequenceSubject: eventById(whole.id) };
    await this.parts.calls.ask(async ({ js }) => {
      try {
        await js.publish(eventSubject(whole), JSON.stringify(whole), { expect });
      } catch (error) {
        if (!answered(error, 'wrongLastSequence')) throw error;
      }
    }, signal);
  }

  async holds(event: { readonly storageId: string; readonly id: string }, signal?: AbortSignal): Promise<boolean> {
    return (await this.#place(event, signal)) !== undefined;
  }

  async *subscribe(filter: { readonly storageId: string; readonly afterId?: string }, signal: AbortSignal): AsyncIterable<FaceHashEvent> {
    const { closed, options } = this.parts;
    const end = AbortSignal.any([signal, closed]);
    const from = await this.#from(filter, end);
    if (from === undefined) return;
    for await (const step of follow(this.parts, { stream: eventStream, subjects: eventsOf(filter.storageId), from }, end)) {
      if (step.kind !== 'message') continue;
      const event = parsed(asEvent, step.message.data);
      if (event.success) yield event.data;
      else options.logger.error('an event is not understood and is passed over', { subject: step.message.subject, error: event.error });
    }
  }

  /** Undefined when it ended before it began. */
  async #from(
    { storageId, afterId }: { storageId: string; afterId?: string },
    end: AbortSignal,
  ): Promise<'next' | { after: number } | undefined> {
    if (end.aborted) return undefined;
    if (afterId === undefined) return 'next';
    try {
      return { after: (await this.#place({ storageId, id: afterId }, end)) ?? 0 };
    } catch (error) {
      if (end.aborted) return undefined;
      throw error;
    }
  }

  async #place({ storageId, id }: { readonly storageId: string; readonly id: string }, signal?: AbortSignal): Promise<number | undefined> {
    const where = { last_by_subj: eventById(id, storageId) };
    const held = await this.parts.calls.ask(({ jsm }) => jsm.streams.getMessage(eventStream, where), signal);
    return held?.seq;
  }
}
