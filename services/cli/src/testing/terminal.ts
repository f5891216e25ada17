import { seededRandom, type Clock } from '@facehash/kernel';
import { runCli } from '../cli.js';

/** What a command is run with, and what it printed. Pauses take no time. */
export class Terminal {
  out = '';
  complaints = '';
  /** What the person answers; undefined: nobody is there. */
  answer: string | undefined;
  readonly questions: string[] = [];
  readonly pausesMs: number[] = [];
  readonly now = new Date('2026-01-01T00:00:00Z');
  readonly #random = seededRandom(1);

  constructor(
    private readonly dataDir: string,
    private readonly url = 'http://127.0.0.1:1',
    private readonly apiKey?: string,
  ) {}

  run(...args: string[]): Promise<number> {
    this.out = '';
    this.complaints = '';
    const clock: Clock = { now: () => this.now, sleep: async (ms) => void this.pausesMs.push(ms) };
    return runCli(args, {
      defaults: { dataDir: this.dataDir, url: this.url, apiKey: this.apiKey, cluster: undefined },
      write: (text) => (this.out += text),
      complain: (text) => (this.complaints += text),
      bars: undefined,
      ask: this.answer === undefined ? undefined : (question) => this.#ask(question),
      clock,
      random: this.#random,
    });
  }

  async #ask(question: string): Promise<string> {
    this.questions.push(question);
    return this.answer ?? '';
  }
}
