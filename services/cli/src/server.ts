import { readFile } from 'node:fs/promises';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { backoffMs, deadline } from '@facehash/kernel';
import { apiKeyFile } from '@facehash/key-files';
import { isApiKey } from '@facehash/facemodel';
import { z } from 'zod';
import { CommandFailed, type CliContext } from './context.js';
import { reason } from './photos.js';

/** A busy server is asked again this often. */
const TRIES = 6;
const PAUSE = { firstMs: 200, maxMs: 5000 };
const RETRY_AFTER_MAX_MS = 30_000;
const ANSWER_BYTES_MAX = 16 * 1024 ** 2;
/** What passes by itself within moments. Everything that is sent is safe to send again. */
const passing: readonly string[] = ['OVERLOADED', 'RATE_LIMITED', 'SHUTTING_DOWN', 'STORE_UNAVAILABLE'];

export interface ServerOptions {
  readonly url: string;
  readonly key?: string;
  /** Whose key is read from the data folder. */
  readonly model?: string;
  readonly dataDir: string;
}

export interface Call {
  readonly path: string;
  /** What is sent; called for each try. */
  readonly make: () => { readonly headers: Readonly<Record<string, string>>; readonly body: AsyncIterable<Uint8Array> };
  readonly timeoutMs: number;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What an answer that is a refusal says, in both of the API's shapes. */
const refusal = z.object({ code: z.string(), detail: z.string().optional(), title: z.string().optional() });
export type Refusal = z.output<typeof refusal>;

export function refusalIn({ body }: Answer): Refusal | undefined {
  const parsed = refusal.safeParse(body);
  return parsed.success ? parsed.data : undefined;
}

export function asSentence({ code, detail, title }: Refusal): string {
  return `${detail ?? title ?? 'it was refused'} (${code})`;
}

/** The server as an application sees it: an address and a key. */
export class Server {
  readonly #url: URL;

  private constructor(
    url: string,
    private readonly apiKey: string,
    private readonly context: Pick<CliContext, 'clock' | 'random'>,
  ) {
    this.#url = httpUrl(url);
  }

  /** A key that is given wins over that of a model; without either it is that of the model `default`. */
  static async open({ url, key, model, dataDir }: ServerOptions, context: CliContext): Promise<Server> {
    const given = key ?? (model === undefined ? context.defaults.apiKey : undefined);
    const apiKey = given ?? (await keyOf(model ?? 'default', dataDir));
    if (!isApiKey(apiKey)) throw new CommandFailed('the key is no whole API key: it begins with fhk_ and has 53 characters');
    return new Server(url, apiKey, context);
  }

  /** The answer, whatever its status but 401. A server that is busy is asked again. */
  async post(call: Call): Promise<Answer> {
    for (let tried = 1; ; tried++) {
      const { answer, retryAfterMs } = await this.#try(call);
      if (answer.status === 401) throw new CommandFailed(`${this.#url.origin} does not know this key, or it was revoked (API_KEY_INVALID)`);
      if (tried === TRIES || !passing.includes(refusalIn(answer)?.code ?? '')) return answer;
      await this.context.clock.sleep((retryAfterMs ?? 0) + backoffMs(tried, PAUSE, this.context.random));
    }
  }

  async #try({ path, make, timeoutMs }: Call): Promise<{ readonly answer: Answer; readonly retryAfterMs: number | undefined }> {
    const url = new URL(path, this.#url);
    const signal = deadline(timeoutMs);
    const { headers, body } = make();
    const ask = url.protocol === 'https:' ? requestHttps : requestHttp;
    const outgoing = ask(url, { method: 'POST', headers: { ...headers, 'x-api-key': this.apiKey }, signal, agent: false });
    const answered = new Promise<IncomingMessage>((resolve, reject) => outgoing.once('response', resolve).once('error', reject));
    // A server that refuses answers before it has read everything: the answer counts, and not that the rest could not be sent.
    const sent = pipeline(Readable.from(body), outgoing).catch(() => undefined);
    try {
      const message = await answered;
      const answer = { status: message.statusCode ?? 0, body: await json(message) };
      return { answer, retryAfterMs: retryAfter(message.headers['retry-after']) };
    } catch (cause) {
      if (cause instanceof CommandFailed) throw cause;
      throw new CommandFailed(this.#whyNot(cause, signal));
    } finally {
      outgoing.destroy();
      await sent;
    }
  }

  #whyNot(error: unknown, signal: AbortSignal): string {
    const { origin } = this.#url;
    if (signal.aborted) return `${origin} did not answer in time`;
    if (hasErrno(error, 'ECONNREFUSED')) return `no server answers at ${origin}: start it with npm start, or name another one by --url`;
    if (hasErrno(error, 'ENOENT')) return 'a photo is gone';
    return `the connection to ${origin} broke: ${reason(error)}`;
  }
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new CommandFailed(`${text} is no address of a server: it begins with http:// or https://`, 2);
}

async function keyOf(model: string, dataDir: string): Promise<string> {
  const file = apiKeyFile(dataDir, model);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    const advice = 'give the key by FACEHASH_API_KEY, or name the right model by --model or folder by --data-dir';
    throw new CommandFailed(`the key of the model ${model} cannot be read from ${file}, as ${reason(cause)}: ${advice}`);
  }
}

async function json(message: IncomingMessage): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of message) {
    if (!(chunk instanceof Uint8Array)) continue;
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw new CommandFailed('the answer is too large for a FaceHash server: is the address right?');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new CommandFailed('the answer is not that of a FaceHash server: is the address right?');
  }
}

function retryAfter(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(RETRY_AFTER_MAX_MS, seconds * 1000) : undefined;
}

function hasErrno(error: unknown, code: string): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('code' in error && error.code === code) return true;
  // Both addresses of localhost were tried.
  return 'errors' in error && Array.isArray(error.errors) && error.errors.some((one) => hasErrno(one, code));
}
