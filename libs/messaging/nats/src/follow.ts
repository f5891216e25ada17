import { backoffMs, FaceHashError, unlessAborted } from '@facehash/kernel';
import { AckPolicy, DeliverPolicy, JetStreamApiError, type ConsumerConfig, type ConsumerInfo, type JsMsg } from '@nats-io/jetstream';
import { nuid } from '@nats-io/nats-core';
import type { Link, Session } from './link.js';
import type { NatsOptions } from './options.js';
import { lastingError } from './store-errors.js';
import { nanos } from './streams.js';

export interface FollowParts {
  readonly link: Link;
  readonly options: NatsOptions;
}

export interface Followed {
  readonly stream: string;
  readonly subjects: string;
  /** The last of each subject anew after each break, or what comes after the last that was read. */
  readonly from: 'lastOfEach' | 'next' | { readonly after: number };
}

export type Step =
  /** Reading begins, also again after a break. So many are there now; undefined where reading goes on after the last that was read. */
  | { readonly kind: 'begins'; readonly there: number }
  | { readonly kind: 'message'; readonly message: JsMsg }
  /** Everything that is there was read. */
  | { readonly kind: 'rests' };

/** Read ahead at most so many: what a reader that pauses costs. */
const BATCH = 256;
/** A request for messages stays open for so long; twice in that time the server says that it is there. */
const FETCH_MS = 10_000;
/** The server forgets a reader that has not come back for so long; one that pauses longer begins again where it was. */
const FORGOTTEN_AFTER_MS = 60_000;
const AGAIN = { firstMs: 50, maxMs: 5_000 };

/**
 * Reads a stream in its order, over breaks of the connection and restarts of the server, until the signal aborts (then it ends without
 * an error). It asks for a batch at a time, so a reader that pauses is sent no more than that.
 * @throws what trying again cannot change: no such stream, or no permission
 */
export async function* follow({ link, options }: FollowParts, followed: Followed, signal: AbortSignal): AsyncGenerator<Step> {
  const place: Place = { last: typeof followed.from === 'object' ? followed.from.after : undefined };
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const session = await link.ready(signal);
      for await (const step of readOn(session, { followed, place, again: failures > 0 }, signal)) {
        failures = 0;
        yield step;
      }
    } catch (error) {
      if (signal.aborted) return;
      const lasting = lastingOfReading(error);
      if (lasting) throw lasting;
      options.logger.debug('reading a stream begins again', { stream: followed.stream, error });
    }
    await options.clock.sleep(backoffMs(failures, AGAIN, options.random), signal).catch(() => undefined);
  }
}

interface Place {
  /** The last that was read; undefined where nothing was and only what is new counts. */
  last: number | undefined;
}

interface Reading {
  readonly followed: Followed;
  readonly place: Place;
  readonly again: boolean;
}

/** Reads as long as the session lasts. */
async function* readOn(session: Session, { followed, place, again }: Reading, signal: AbortSignal): AsyncGenerator<Step> {
  const { stream, from } = followed;
  const end = AbortSignal.any([signal, session.lost]);
  if (again && place.last !== undefined && from !== 'lastOfEach') place.last = await placeIn(session, stream, { last: place.last, end });
  const info = await unlessAborted(session.jsm.consumers.add(stream, readerOf(followed, place.last)), end);
  if (from === 'next') place.last ??= info.delivered.stream_seq;
  yield { kind: 'begins', there: info.num_pending };
  for await (const step of batches(session, info, end)) {
    if (step.kind === 'message') place.last = step.message.seq;
    yield step;
  }
}

/** One reader on the server, and what it gives, until the signal aborts. Throws when something is missing between two messages. */
async function* batches({ js }: Session, info: ConsumerInfo, end: AbortSignal): AsyncGenerator<Step> {
  const consumer = js.consumers.getConsumerFromInfo(info);
  for (let delivered = 0; !end.aborted;) {
    const messages = await consumer.fetch({ max_messages: BATCH, expires: FETCH_MS });
    const stop = (): void => messages.stop();
    end.addEventListener('abort', stop, { once: true });
    if (end.aborted) stop();
    const before = delivered;
    try {
      for await (const message of messages) {
        if (message.info.deliverySequence !== ++delivered) throw new Error('a message was lost on its way');
        yield { kind: 'message', message };
      }
    } finally {
      end.removeEventListener('abort', stop);
      stop();
    }
    if (!end.aborted && delivered - before < BATCH) yield { kind: 'rests' };
  }
}

function readerOf({ subjects, from }: Followed, last: number | undefined): Partial<ConsumerConfig> {
  const place =
    from === 'lastOfEach'
      ? { deliver_policy: DeliverPolicy.LastPerSubject }
      : last === undefined
        ? { deliver_policy: DeliverPolicy.New }
        : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: last + 1 };
  return {
    ...place,
    name: nuid.next(),
    filter_subject: subjects,
    ack_policy: AckPolicy.None,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: nanos(FORGOTTEN_AFTER_MS),
  };
}

/** A stream that was made anew counts from one: what is read of it then begins at its beginning. */
async function placeIn(
  { jsm }: Session,
  stream: string,
  { last, end }: { readonly last: number; readonly end: AbortSignal },
): Promise<number> {
  const { state } = await unlessAborted(jsm.streams.info(stream), end);
  return state.last_seq < last ? 0 : last;
}

/** While a server starts or elects a leader its answers are errors, too, of status 5xx. */
function lastingOfReading(error: unknown): Error | undefined {
  const lasting = lastingError(error);
  if (lasting) return lasting;
  if (!(error instanceof JetStreamApiError) || error.status >= 500) return undefined;
  return new FaceHashError('STORE_UNAVAILABLE', { reason: error.message }, { cause: error });
}
