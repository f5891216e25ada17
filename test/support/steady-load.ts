import type { Client, RecognizeAnswer } from './client.js';

export interface Told extends RecognizeAnswer {
  readonly status: number;
  /** In ms since the load began, and how long the answer took. */
  readonly at: number;
  readonly took: number;
}

/** Somebody who asks one server the same thing again and again, and remembers every answer. */
export class SteadyLoad implements AsyncDisposable {
  readonly answers: Told[] = [];
  /** Connections that broke, and what took too long. */
  readonly broken: string[] = [];
  #over = false;
  readonly #asking: Promise<void>;
  readonly #began = performance.now();

  /** `photo` is asked over and over, with a pause of `pauseMs` after each answer. */
  constructor(
    private readonly client: Pick<Client, 'recognize'>,
    private readonly photo: Uint8Array,
    private readonly pauseMs = 20,
  ) {
    this.#asking = this.#ask();
  }

  get count(): number {
    return this.answers.length + this.broken.length;
  }

  /** What was answered with anything but 200. */
  get refused(): readonly Told[] {
    return this.answers.filter(({ status }) => status !== 200);
  }

  /** The versions that answered, in the order in which one followed another. */
  get versions(): readonly (string | undefined)[] {
    return this.answers.map(({ version }) => version).filter((version, i, all) => i === 0 || version !== all[i - 1]);
  }

  async until(holds: (load: this) => boolean, withinMs = 30_000): Promise<void> {
    for (const end = performance.now() + withinMs; !holds(this); await new Promise((resolve) => setTimeout(resolve, 20)))
      if (performance.now() > end)
        throw new Error(`it did not come to hold within ${withinMs} ms: ${JSON.stringify(this.answers.slice(-2))}`);
  }

  async stop(): Promise<this> {
    this.#over = true;
    await this.#asking;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #ask(): Promise<void> {
    while (!this.#over) {
      const began = performance.now();
      try {
        const { status, body } = await this.client.recognize(this.photo);
        this.answers.push({ ...body, status, at: began - this.#began, took: performance.now() - began });
      } catch (error) {
        this.broken.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, this.pauseMs));
    }
  }
}
