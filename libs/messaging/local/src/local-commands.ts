import { backoffMs, FaceHashError, type Clock, type Random } from '@facehash/kernel';
import { commandSchema, type Command, type CommandQueue } from '@facehash/messaging-core';

/** As many commands wait as there may be models; one more is refused, and the sweep that sends it tries again. */
const WAITING_MAX = 100_000;
const REMEMBERED_MAX = 10_000;
const REDELIVERY = { firstMs: 50, maxMs: 10_000 };

/** A work queue in memory: one command at a time, again after a pause when its handler rejects. */
export class LocalCommands implements CommandQueue {
  readonly #waiting: Command[] = [];
  readonly #remembered = new Set<string>();
  #wake: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly closed: AbortSignal,
  ) {}

  async send(command: Command, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.closed.aborted) throw new FaceHashError('STORE_UNAVAILABLE', { closed: true });
    const checked = commandSchema.safeParse(command);
    if (!checked.success) throw new FaceHashError('REQUEST_INVALID', { command: command.kind }, { cause: checked.error });
    if (this.#remembered.has(command.id)) return;
    if (this.#waiting.length >= WAITING_MAX) throw new FaceHashError('STORE_UNAVAILABLE', { waiting: this.#waiting.length });
    this.#remember(command.id);
    this.#waiting.push(checked.data);
    this.#wake?.();
  }

  async consume(handle: (command: Command) => Promise<void>, signal: AbortSignal): Promise<void> {
    const end = AbortSignal.any([signal, this.closed]);
    end.addEventListener('abort', () => this.#wake?.(), { once: true });
    for (let failures = 0; !end.aborted; ) {
      const command = this.#waiting.shift();
      if (!command) {
        await this.#somethingToDo();
        continue;
      }
      try {
        await handle(command);
        failures = 0;
      } catch {
        // Why it failed is the handler's to log; here it only comes again.
        this.#waiting.push(command);
        await this.clock.sleep(backoffMs(failures++, REDELIVERY, this.random), end).catch(() => undefined);
      }
    }
  }

  #somethingToDo(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** The window in which the same id is the same command. */
  #remember(id: string): void {
    this.#remembered.add(id);
    const [oldest] = this.#remembered;
    if (this.#remembered.size > REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
  }
}
