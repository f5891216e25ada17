import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';

interface Question {
  readonly of: string;
  readonly photo: Buffer;
}

/** Of `troubleDuring` where there was none. */
export const noTrouble = { refused: [], broken: [], mixed: [] };

interface Answer {
  readonly model: string;
  readonly of: string;
  /** 0: no answer came. */
  readonly status: number;
  readonly version: string | undefined;
  readonly name: string | null;
  /** Why there is no name. */
  readonly code: string | undefined;
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
  /** Answers of one version that say something else than others of the same version did of the same photo. */
  readonly mixed: readonly Answer[];
}

/** Two cores also train, start pods and carry a cluster: a part of what they could answer. */
const PAUSE_MS = 250;
const GOES_ON_MS = 1500;
/** As long as Kubernetes takes to notice that a container is gone, and what is on the way to it to hear of that. */
const RETRY_MS = 3000;
const HEARS_MS = 60_000;
/** What stands between clients and replicas says when it reached none. */
const ofTheWay: readonly number[] = [0, 502, 504];

/** Asks the same few questions again and again, each as soon as the one before was answered, and remembers every answer. */
export class Witness {
  readonly #answers: Answer[] = [];
  readonly #asking: Promise<void>[] = [];
  readonly #began = performance.now();
  #over = false;

  get count(): number {
    return this.#answers.length;
  }

  asks(model: string, client: Client, question: Question): void {
    this.#asking.push(this.#ask(model, client, question));
  }

  /** That answered, in the order in which they were heard first. */
  versionsOf(model: string): readonly string[] {
    return [...new Set(this.#answers.flatMap((answer) => (answer.model === model ? (answer.version ?? []) : [])))];
  }

  /** Until the version answers. */
  async hears(model: string, version: string): Promise<void> {
    const since = this.count;
    for (const end = performance.now() + HEARS_MS; ; await sleep(PAUSE_MS)) {
      if (this.#answers.slice(since).some((answer) => answer.model === model && answer.version === version)) return;
      if (performance.now() > end) throw new Error(`${version} of ${model} did not answer within ${HEARS_MS} ms: ${this.summary()}`);
    }
  }

  /** Some more of what it always does, as trouble may come a moment later. */
  goesOn(): Promise<void> {
    return sleep(GOES_ON_MS);
  }

  /** What was not answered, or wrongly, while `step` was under way and a moment longer. */
  async troubleDuring(step: () => Promise<void>): Promise<Omit<Seen, 'asked'>> {
    const since = this.count;
    await step();
    await this.goesOn();
    const { asked, refused, broken, mixed } = this.since(since);
    // Where nobody was answered, nothing was seen to go well.
    if (asked === 0) throw new Error(`nothing was answered meanwhile: ${this.summary()}`);
    return { refused, broken, mixed };
  }

  since(count: number): Seen {
    const answers = this.#answers.slice(count);
    return {
      asked: answers.length,
      refused: answers.filter(({ status }) => status !== 200 && !ofTheWay.includes(status)),
      broken: answers.filter(({ status }) => ofTheWay.includes(status)),
      mixed: mixedAmong(answers),
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

  async #ask(model: string, client: Client, { of, photo }: Question): Promise<void> {
    for (; !this.#over; await sleep(PAUSE_MS)) {
      const at = performance.now() - this.#began;
      const { status, body } = await asked(client, photo);
      const again = ofTheWay.includes(status) ? { again: await onceMore(client, photo) } : {};
      this.#answers.push({ model, of, status, version: body?.version, name: body?.foundFace ?? null, code: body?.code, at, ...again });
    }
  }
}

/** A version is a function of the photo. */
function mixedAmong(answers: readonly Answer[]): readonly Answer[] {
  const first = new Map<string, string | null>();
  return answers.filter(({ status, model, version, of, name }) => {
    if (status !== 200) return false;
    const question = JSON.stringify([model, version, of]);
    if (!first.has(question)) first.set(question, name);
    return first.get(question) !== name;
  });
}

type Asked = Partial<Pick<Awaited<ReturnType<Client['recognize']>>, 'body'>> & { readonly status: number };

/** As clients try again: a moment later. */
async function onceMore(client: Client, photo: Buffer): Promise<number> {
  await sleep(RETRY_MS);
  return (await asked(client, photo)).status;
}

function asked(client: Client, photo: Buffer): Promise<Asked> {
  return client.recognize(photo).catch((error: unknown) => {
    // A proxy answers in words and not in JSON. The error is of another realm than this one, so that `instanceof` does not know it.
    return { status: isNamed(error, 'SyntaxError') ? 502 : 0 };
  });
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === name;
}
