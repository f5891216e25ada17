import { EventEmitter } from 'node:events';
import { deadline, FaceHashError } from '@facehash/kernel';
import { progressMessageSchema, type ProgressMessage } from '@facehash/messaging-core';
import type { Msg } from '@nats-io/nats-core';
import { parsed, type Schema } from './json.js';
import { defaultLimits } from './limits.js';
import { Link, type Session } from './link.js';
import { progressSubject } from './names.js';
import type { NatsOptions } from './options.js';
import { aborted, heard } from './waiting.js';

/** Between two messages of a run: whoever looks at it sees no more. */
const PACE_MS = 500;
/** Nothing keeps a message, so whoever comes later hears the newest after this. */
const REPEAT_MS = 5_000;
/** Of one message; a run's has some 200. */
const BYTES_MAX = 2_048;
const TIMEOUT_MS = 5_000;

const schema: Schema<ProgressMessage> = (value) => progressMessageSchema.safeParse(value);

/** How a training run tells how far it is. */
export interface ProgressTeller {
  /** Returns at once, whether anybody can hear it or not. Of what is told faster than it is sent only the newest is sent. */
  tell(message: ProgressMessage): void;
  close(): Promise<void>;
}

export type ProgressTellerOptions = Pick<NatsOptions, 'servers' | 'auth' | 'caFile' | 'name' | 'limits' | 'clock' | 'random' | 'logger'>;

/**
 * Connects in the background, for as long as it takes: a run neither waits for NATS nor fails by it. It needs no other right than to publish
 * the progress of its run.
 * @throws {TypeError} for an address that is none
 */
export function openProgressTeller(options: ProgressTellerOptions): ProgressTeller {
  const closing = new AbortController();
  const link = new Link({
    options,
    limits: { ...defaultLimits, ...options.limits },
    timeoutMs: TIMEOUT_MS,
    prepare: () => Promise.resolve(),
    closed: closing.signal,
  });
  const teller = new Teller(link, options, closing.signal);
  return {
    tell: (message) => teller.tell(message),
    async close() {
      closing.abort(new FaceHashError('SHUTTING_DOWN'));
      await Promise.all([link.ended(), teller.ended]);
    },
  };
}

class Teller {
  readonly ended: Promise<void>;
  readonly #changes = new EventEmitter();
  #newest: ProgressMessage | undefined;

  constructor(
    private readonly link: Link,
    private readonly options: ProgressTellerOptions,
    private readonly closed: AbortSignal,
  ) {
    this.ended = this.#run().catch(() => undefined);
  }

  tell(message: ProgressMessage): void {
    this.#newest = message;
    this.#changes.emit('told');
  }

  async #run(): Promise<void> {
    for (;;) {
      const said = this.#newest;
      if (said) await this.#say(said);
      // One that is told meanwhile is said at once then, and the same one again after a while.
      if (this.#newest === said) await heard(this.#changes, 'told', deadline(REPEAT_MS, this.closed)).catch(() => undefined);
      this.closed.throwIfAborted();
    }
  }

  async #say(message: ProgressMessage): Promise<void> {
    const { nc } = await this.link.ready(this.closed);
    try {
      nc.publish(progressSubject(message.storageId, message.run), JSON.stringify(message));
    } catch (error) {
      this.options.logger.debug('a word of progress was not sent', { error });
    }
    await this.options.clock.sleep(PACE_MS, this.closed);
  }
}

/** Hears all runs until the signal aborts. What is not understood, or was said where its run may not, is passed over. */
export async function followProgress(link: Link, hear: (message: ProgressMessage) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const session = await link.ready(signal).catch(() => undefined);
    const stop = session && hearOn(session, hear);
    if (session) await aborted(AbortSignal.any([session.lost, signal]));
    stop?.();
  }
}

/** Returns how to stop. A connection that is gone by now is known to be a moment later. */
function hearOn({ nc }: Session, hear: (message: ProgressMessage) => void): () => void {
  try {
    const subscription = nc.subscribe(progressSubject('*', '*'), {
      callback: (error, message) => {
        const understood = error ? undefined : messageIn(message);
        if (understood) hear(understood);
      },
    });
    return () => {
      if (!nc.isClosed()) subscription.unsubscribe();
    };
  } catch {
    return () => undefined;
  }
}

/** What credentials of one run may not say has another subject than that of the run that it names. */
function messageIn({ subject, data }: Msg): ProgressMessage | undefined {
  if (data.length > BYTES_MAX) return undefined;
  const message = parsed(schema, data);
  if (!message.success || progressSubject(message.data.storageId, message.data.run) !== subject) return undefined;
  return message.data;
}
