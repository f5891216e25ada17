import { Agent, request } from 'node:http';

const ANSWER_TIMEOUT_MS = 60_000;
/** How often an open loop looks whether a question is due. */
const TICK_MS = 4;

/** A photo and who must be named; `undefined`: any answer will do. */
export interface Question {
  readonly body: Buffer;
  readonly expected?: string | null;
}

export interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly questions: readonly Question[];
}

export interface LoadResult {
  /** Answered with 200. */
  readonly requestsPerSecond: number;
  /** Of what was answered with 200, from the moment it was due. */
  readonly latenciesMs: readonly number[];
  /** Of what was refused with 503. */
  readonly refusedMs: readonly number[];
  /** Neither 200 nor 503, or no answer at all. */
  readonly failed: number;
  /** Answered with 200 and another name than the right one: with one of them, the figures are void. */
  readonly wrong: number;
}

/** Closed loop: `connections` clients, each asking again as soon as it was answered, over kept-alive connections, for `seconds` or `requests`. */
export async function load(
  options: Asked & { readonly connections: number } & ({ readonly seconds: number } | { readonly requests: number }),
): Promise<LoadResult> {
  const run = new LoadRun(options, options.connections);
  const end = 'seconds' in options ? performance.now() + options.seconds * 1000 : Infinity;
  const most = 'requests' in options ? options.requests : Infinity;
  const client = async (): Promise<void> => {
    while (performance.now() < end && run.sent < most) await run.ask(performance.now());
  };
  await Promise.all(Array.from({ length: options.connections }, client));
  return run.result();
}

/** Open loop: `rate` questions a second however long the answers take, as people who know nothing of each other ask; until `signal` at most. */
export async function openLoad(
  options: Asked & { readonly rate: number; readonly seconds: number; readonly signal?: AbortSignal },
): Promise<LoadResult> {
  const run = new LoadRun(options, Infinity);
  const began = performance.now();
  const underWay = new Set<Promise<void>>();
  const total = Math.round(options.rate * options.seconds);
  while (run.sent < total && !options.signal?.aborted) {
    const elapsed = performance.now() - began;
    for (let due = (run.sent * 1000) / options.rate; due <= elapsed && run.sent < total; due = (run.sent * 1000) / options.rate) {
      const asked: Promise<void> = run.ask(began + due).finally(() => underWay.delete(asked));
      underWay.add(asked);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  // What is still waiting belongs to the latencies, and no longer to the rate.
  const requestsPerSecond = run.requestsPerSecond();
  await Promise.all(underWay);
  return { ...run.result(), requestsPerSecond };
}

class LoadRun {
  readonly #agent: Agent;
  readonly #began = performance.now();
  readonly #latenciesMs: number[] = [];
  readonly #refusedMs: number[] = [];
  #failed = 0;
  #wrong = 0;
  sent = 0;

  constructor(
    private readonly asked: Asked,
    connections: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: 1024 });
  }

  async ask(due: number): Promise<void> {
    const { questions } = this.asked;
    const question = questions[this.sent++ % questions.length];
    if (!question) throw new Error('no questions to ask');
    const answer = await post(this.#agent, this.asked, question.body).catch(() => ({ status: 0, text: '' }));
    const ms = performance.now() - due;
    if (answer.status === 503) this.#refusedMs.push(ms);
    else if (answer.status !== 200) this.#failed++;
    else {
      this.#latenciesMs.push(ms);
      if (question.expected !== undefined && nameIn(answer.text) !== question.expected) this.#wrong++;
    }
  }

  requestsPerSecond(): number {
    return this.#latenciesMs.length / ((performance.now() - this.#began) / 1000);
  }

  result(): LoadResult {
    const requestsPerSecond = this.requestsPerSecond();
    this.#agent.destroy();
    return {
      requestsPerSecond,
      latenciesMs: [...this.#latenciesMs],
      refusedMs: [...this.#refusedMs],
      failed: this.#failed,
      wrong: this.#wrong,
    };
  }
}

function nameIn(text: string): string | null {
  return (JSON.parse(text) as { foundFace: string | null }).foundFace;
}

function post(agent: Agent, { url, headers }: Asked, body: Buffer): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': body.length }, timeout: ANSWER_TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
