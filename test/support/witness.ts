import type { Client } from './client.js';

interface Question {
  readonly of: string;
  readonly photo: Buffer;
}

interface Answer {
  readonly model: string;
  readonly of: string;
  /** 0: no answer came. */
  readonly status: number;
  readonly version: string | undefined;
  readonly name: string | null;
  /** In ms since it began. */
  readonly at: number;
  /** Of a call without an answer, or with one from the way: how the next try was answered. */
  readonly again?: number;
}

export interface Seen {
  readonly asked: number;
  /** Answered by us, with something else than a result. */
  readonly refused: readonly Answer[];
  /** Connections that broke, and what a proxy answered for us. */
  readonly broken: readonly Answer[];
  /** Answers that name a version and somebody whom it does not know, or nobody where it knows who it is. */
  readonly mixed: readonly Answer[];
}

const PAUSE_MS = 50;
const GOES_ON_MS = 1500;
const HEARS_MS = 60_000;
/** What stands between clients and replicas says when it reached none. */
const ofTheWay: readonly number[] = [0, 502, 504];

/** Asks the same few questions again and again, each as soon as the one before was answered, and remembers every answer. */
export class Witness {
  readonly #answers: Answer[] = [];
  /** Who is known, by model and version, in the order in which they were learnt. */
  readonly #known = new Map<string, Map<string, readonly string[]>>();
  readonly #asking: Promise<void>[] = [];
  readonly #began = performance.now();
  #over = false;

  get count(): number {
    return this.#answers.length;
  }

  asks(model: string, client: Client, question: Question): void {
    this.#asking.push(this.#ask(model, client, question));
  }

  learns(model: string, version: string, names: readonly string[]): void {
    const versions = this.#known.get(model) ?? new Map<string, readonly string[]>();
    this.#known.set(model, versions.set(version, names));
  }

  versionsOf(model: string): readonly string[] {
    return [...(this.#known.get(model)?.keys() ?? [])];
  }

  /** Until the version answers. */
  async hears(model: string, version: string): Promise<void> {
    const since = this.count;
    for (const end = performance.now() + HEARS_MS; ; await pause(PAUSE_MS)) {
      if (this.#answers.slice(since).some((answer) => answer.model === model && answer.version === version)) return;
      if (performance.now() > end) throw new Error(`${version} of ${model} did not answer within ${HEARS_MS} ms: ${this.summary()}`);
    }
  }

  /** Some more of what it always does, as trouble may come a moment later. */
  goesOn(): Promise<void> {
    return pause(GOES_ON_MS);
  }

  since(count: number): Seen {
    const answers = this.#answers.slice(count);
    return {
      asked: answers.length,
      refused: answers.filter(({ status }) => status !== 200 && !ofTheWay.includes(status)),
      broken: answers.filter(({ status }) => ofTheWay.includes(status)),
      mixed: answers.filter((answer) => answer.status === 200 && !this.#fits(answer)),
    };
  }

  async named(client: Client, photo: Buffer): Promise<string | null> {
    return (await client.recognize(photo)).body.foundFace;
  }

  summary(): string {
    const { asked, refused, broken, mixed } = this.since(0);
    const seconds = Math.round((performance.now() - this.#began) / 1000);
    const sums = `${asked} asked in ${seconds} s: ${refused.length} refused, ${broken.length} broken, ${mixed.length} mixed`;
    return `${sums}; healed by one more try: ${broken.filter(({ again }) => again === 200).length}`;
  }

  async stop(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#asking);
  }

  /** A version that nobody has told of yet is judged when somebody has. */
  #fits({ model, of, version, name }: Answer): boolean {
    const names = this.#known.get(model)?.get(version ?? '');
    return names !== undefined && name === (names.includes(of) ? of : null);
  }

  async #ask(model: string, client: Client, { of, photo }: Question): Promise<void> {
    for (; !this.#over; await pause(PAUSE_MS)) {
      const at = performance.now() - this.#began;
      const { status, body } = await asked(client, photo);
      const again = ofTheWay.includes(status) ? { again: (await asked(client, photo)).status } : {};
      this.#answers.push({ model, of, status, version: body?.version, name: body?.foundFace ?? null, at, ...again });
    }
  }
}

type Asked = Partial<Pick<Awaited<ReturnType<Client['recognize']>>, 'body'>> & { readonly status: number };

function asked(client: Client, photo: Buffer): Promise<Asked> {
  return client.recognize(photo).catch((error: unknown) => {
    // A proxy answers in words and not in JSON.
    return { status: error instanceof SyntaxError ? 502 : 0 };
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
