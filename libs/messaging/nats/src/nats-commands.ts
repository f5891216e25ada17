import { backoffMs, unlessAborted } from '@facehash/kernel';
import { commandSchema, type Command, type CommandQueue } from '@facehash/messaging-core';
import { AckPolicy, type Consumer, type JsMsg } from '@nats-io/jetstream';
import type { Calls } from './calls.js';
import { checked, parsed } from './json.js';
import type { NatsLimits } from './limits.js';
import type { Link, Session } from './link.js';
import { commandConsumer, commandStream, commandSubject } from './names.js';
import type { NatsOptions } from './options.js';
import { lastingError } from './store-errors.js';
import { nanos } from './streams.js';

export interface CommandParts {
  readonly link: Link;
  readonly calls: Calls;
  readonly options: NatsOptions;
  readonly limits: NatsLimits;
  readonly closed: AbortSignal;
}

type Handle = (command: Command) => Promise<void>;

const FETCH_MS = 10_000;
const AGAIN = { firstMs: 50, maxMs: 5_000 };
const asCommand = (value: unknown): ReturnType<typeof commandSchema.safeParse> => commandSchema.safeParse(value);

/** A work queue: what was acknowledged is gone, what was not comes again. */
export class NatsCommands implements CommandQueue {
  readonly #consuming = new Set<Promise<void>>();

  constructor(private readonly parts: CommandParts) {}

  async send(command: Command, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const whole = checked(asCommand, command, {});
    await this.parts.calls.ask(({ js }) => js.publish(commandSubject(whole), JSON.stringify(whole), { msgID: whole.id }), signal);
  }

  async consume(handle: Handle, signal: AbortSignal): Promise<void> {
    const consuming = this.#consume(handle, AbortSignal.any([signal, this.parts.closed]));
    const ended = consuming.catch(() => undefined);
    this.#consuming.add(ended);
    await consuming.finally(() => this.#consuming.delete(ended));
  }

  /** Resolves when nothing is being handled any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#consuming);
  }

  async #consume(handle: Handle, end: AbortSignal): Promise<void> {
    const { link, options } = this.parts;
    for (let failures = 0; !end.aborted; failures++) {
      try {
        const session = await link.ready(end);
        const stop = AbortSignal.any([end, session.lost]);
        const consumer = await this.#consumer(session, stop);
        for (; !stop.aborted; failures = 0) {
          const message = await nextOf(consumer, stop);
          if (message) await this.#handOver(message, handle, end);
        }
      } catch (error) {
        if (end.aborted) return;
        const lasting = lastingError(error);
        if (lasting) throw lasting;
        options.logger.debug('consuming commands begins again', { error });
      }
      await options.clock.sleep(backoffMs(failures, AGAIN, options.random), end).catch(() => undefined);
    }
  }

  /** All consumers share one on the server, which knows what was handed to whom. Made where it is missing. */
  async #consumer({ js, jsm }: Session, stop: AbortSignal): Promise<Consumer> {
    const { limits } = this.parts;
    const config = {
      durable_name: commandConsumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(limits.ackWaitMs),
      max_deliver: -1,
      // Commands that wait to come again count, and must not hold up the others.
      max_ack_pending: limits.commandsMax,
    };
    // Creates, or changes what differs: an empty action is JetStream's word for either, which the client's types know under another name.
    const info = await unlessAborted(jsm.consumers.add(commandStream, config), stop);
    return js.consumers.getConsumerFromInfo(info);
  }

  async #handOver(message: JsMsg, handle: Handle, end: AbortSignal): Promise<void> {
    const { options, limits } = this.parts;
    const command = parsed(asCommand, message.data);
    if (!command.success) {
      options.logger.error('a command is not understood and is dropped', { subject: message.subject, error: command.error });
      return message.term('not understood');
    }
    if (end.aborted) return message.nak();
    const over = new AbortController();
    const working = this.#saysThatItWorks(message, over.signal);
    try {
      await handle(command.data);
      await message
        .ackAck()
        .catch((error: unknown) => options.logger.warn('a command was handled and comes again all the same', { error }));
    } catch {
      // Why it failed is the handler's to log; here it only comes again.
      message.nak(Math.ceil(backoffMs(message.info.deliveryCount - 1, limits.redelivery, options.random)));
    } finally {
      over.abort();
      await working;
    }
  }

  async #saysThatItWorks(message: JsMsg, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts.options;
    while (!signal.aborted) {
      await clock.sleep(this.parts.limits.ackWaitMs / 3, signal).catch(() => undefined);
      if (!signal.aborted) message.working();
    }
  }
}

/** Waits for a command for a while. */
async function nextOf(consumer: Consumer, stop: AbortSignal): Promise<JsMsg | undefined> {
  const messages = await consumer.fetch({ max_messages: 1, expires: FETCH_MS });
  const end = (): void => messages.stop();
  stop.addEventListener('abort', end, { once: true });
  if (stop.aborted) end();
  try {
    for await (const message of messages) return message;
    return undefined;
  } finally {
    stop.removeEventListener('abort', end);
  }
}
