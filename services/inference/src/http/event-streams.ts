import { Readable } from 'node:stream';
import { FaceHashError, type Clock } from '@facehash/kernel';
import type { EventStream, FaceHashEvent } from '@facehash/messaging-core';
import type { Call } from './call.js';
import type { HttpLimits } from './ports.js';

/** Proxies cut connections on which nothing comes for a minute. */
const HEARTBEAT_MS = 15_000;
/** A client that has taken nothing for so long does not read: it comes back and resumes. */
const STALLED_MS = 30_000;
/** How long a browser waits before it comes back. */
const RETRY_MS = 2000;
/** No event has an id so long. */
const ID_CHARACTERS_MAX = 1000;

export interface EventStreamParts {
  readonly events: EventStream;
  readonly limits: Pick<HttpLimits, 'eventStreamsMax' | 'eventStreamsPerModelMax' | 'requestTimeoutMs'>;
  readonly clock: Clock;
  /** Aborts when the replica begins to stop. */
  readonly draining: AbortSignal;
}

/**
 * What happens to a model, as server-sent events. Nothing is read ahead of the client, so a slow one costs what the connection buffers and no
 * more, and one that stops reading is dropped.
 */
export class EventStreams {
  readonly #open = new Map<string, number>();

  constructor(private readonly parts: EventStreamParts) {}

  /** Throws RATE_LIMITED when the model, and OVERLOADED when this replica, has as many open as it may. */
  async open(call: Pick<Call, 'model' | 'header' | 'gone' | 'within' | 'keyStillValid'>): Promise<Readable> {
    const { storageId } = call.model;
    const closed = new AbortController();
    this.#claim(storageId, closed.signal);
    try {
      const resume = await this.#resumption(storageId, call);
      const end = AbortSignal.any([call.gone, this.parts.draining, closed.signal]);
      const filter = { storageId, ...(resume.afterId === undefined ? {} : { afterId: resume.afterId }) };
      const events = this.parts.events.subscribe(filter, end)[Symbol.asyncIterator]();
      // What is published from this read on is not missed: the client may read the model as soon as the answer has begun.
      const first = events.next();
      // Where the client is gone before the first frame, nobody else looks at it.
      first.catch(() => undefined);
      const frames = this.#frames({ events, first, reset: resume.reset, end, keyStillValid: call.keyStillValid });
      const stream = Readable.from(
        watched(frames, () => this.#dropStalled(stream, end)),
        { objectMode: false },
      );
      stream.once('close', () => closed.abort());
      const hungUp = (): void => void stream.destroy();
      if (call.gone.aborted) hungUp();
      else call.gone.addEventListener('abort', hungUp, { once: true });
      return stream;
    } catch (error) {
      closed.abort();
      throw error;
    }
  }

  #claim(storageId: string, closed: AbortSignal): void {
    const { eventStreamsMax, eventStreamsPerModelMax } = this.parts.limits;
    const mine = this.#open.get(storageId) ?? 0;
    const all = [...this.#open.values()].reduce((sum, open) => sum + open, 0);
    if (mine >= eventStreamsPerModelMax)
      throw new FaceHashError('RATE_LIMITED', { detail: `at most ${eventStreamsPerModelMax} streams of events may be open` });
    if (all >= eventStreamsMax) throw new FaceHashError('OVERLOADED', { eventStreams: all });
    this.#open.set(storageId, mine + 1);
    const release = (): void => {
      const left = (this.#open.get(storageId) ?? 1) - 1;
      if (left > 0) this.#open.set(storageId, left);
      else this.#open.delete(storageId);
    };
    closed.addEventListener('abort', release, { once: true });
  }

  async #resumption(
    storageId: string,
    { header, within }: Pick<Call, 'header' | 'within'>,
  ): Promise<{ readonly afterId?: string; readonly reset: boolean }> {
    const last = header('last-event-id');
    if (last === undefined || last === '') return { reset: false };
    const id = idIn(last);
    const held = id !== undefined && (await this.parts.events.holds({ storageId, id }, within(this.parts.limits.requestTimeoutMs)));
    return held ? { afterId: id, reset: false } : { reset: true };
  }

  async *#frames({ events, first, reset, end, keyStillValid }: Frames): AsyncGenerator<string, void> {
    yield `retry: ${RETRY_MS}\n: events of the model follow\n\n`;
    if (reset) yield resetFrame;
    let next = first;
    while (!end.aborted) {
      const beat = new AbortController();
      const pause = this.parts.clock.sleep(HEARTBEAT_MS, AbortSignal.any([beat.signal, end])).then(
        () => 'beat' as const,
        () => 'cut' as const,
      );
      const came = await Promise.race([next, pause]);
      beat.abort();
      // Whoever lost the key hears nothing more, and learns why by coming back.
      if (came === 'cut' || !keyStillValid()) return;
      if (came === 'beat') yield ': still here\n\n';
      else if (came.done) return;
      else {
        yield frameOf(came.value);
        next = events.next();
      }
    }
  }

  /** Called when a frame was handed over; what it returns is called when the next one is asked for. */
  #dropStalled(stream: Readable, end: AbortSignal): () => void {
    const asked = new AbortController();
    this.parts.clock.sleep(STALLED_MS, AbortSignal.any([asked.signal, end])).then(
      () => stream.destroy(),
      () => undefined,
    );
    return () => asked.abort();
  }
}

interface Frames {
  readonly events: AsyncIterator<FaceHashEvent>;
  readonly first: Promise<IteratorResult<FaceHashEvent>>;
  readonly reset: boolean;
  readonly end: AbortSignal;
  readonly keyStillValid: () => boolean;
}

async function* watched(frames: AsyncIterable<string>, handedOver: () => () => void): AsyncGenerator<string, void> {
  for await (const frame of frames) {
    const askedForNext = handedOver();
    try {
      yield frame;
    } finally {
      askedForNext();
    }
  }
}

const resetFrame = `event: reset\ndata: ${JSON.stringify({ reason: 'events after the last one seen are forgotten', read: '/v1/model' })}\n\n`;

function frameOf(event: FaceHashEvent): string {
  return `id: ${encodeURIComponent(event.id)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Undefined for what was never the id of a frame. */
function idIn(header: string): string | undefined {
  if (header.length > ID_CHARACTERS_MAX) return undefined;
  try {
    return decodeURIComponent(header);
  } catch {
    return undefined;
  }
}
