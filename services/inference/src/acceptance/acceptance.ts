import { z } from 'zod';
import { photoOf } from './photos.js';

export interface AcceptanceOptions {
  readonly url: string;
  readonly apiKey: string;
  /** For each step. */
  readonly timeoutMs: number;
  /** Takes what a person reads. */
  readonly say: (line: string) => void;
  readonly sleep: (ms: number) => Promise<unknown>;
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const anyObject = z.record(z.string(), z.unknown());

const NAME = 'acceptance';
const AGAIN_MS = 500;
/**
 * What passes by itself: a version that is still being made (the same photos again wait for it), a key that has not got round to every
 * replica, a store or a replica that is not there yet.
 */
const passing: readonly number[] = [0, 202, 401, 404, 502, 503, 504];

/**
 * What an installation is there for, as a client has it: a key that works, somebody enrolled and trained, recognised on another photo, and
 * a stranger who is not. Rejects with a sentence that says which of it failed.
 */
export async function accept(options: AcceptanceOptions): Promise<void> {
  const { say } = options;
  const model = await patiently(options, () => call(options, '/v1/model'));
  expect(model, model.status === 200, 'the key was not taken');
  say(`the key works: ${text(model.body['phase'])}`);

  const photos = await Promise.all([0, 1, 2].map((take) => photoOf('enrolled', take)));
  const enrolment = JSON.stringify({ username: NAME, images: photos.map((photo) => photo.toString('base64')) });
  const trained = await patiently(options, () => call(options, '/train', enrolment));
  expect(trained, trained.body['trainingSuccess'] === 1, 'nothing was trained');
  say(`${photos.length} photos enrolled and version ${text(trained.body['version'])} trained`);

  const known = await patiently(options, async () => call(options, '/', await photoOf('enrolled', 5)));
  expect(known, known.body['foundFace'] === NAME, 'who was enrolled was not recognised');
  const stranger = await patiently(options, async () => call(options, '/', await photoOf('stranger', 5)));
  expect(stranger, stranger.status === 200 && stranger.body['foundFace'] === null, 'a stranger was not told from who was enrolled');
  say('who was enrolled is recognised, and a stranger is not');
}

/** Until it is answered with what lasts, or the time is up. */
async function patiently({ timeoutMs, sleep }: AcceptanceOptions, ask: () => Promise<Answer>): Promise<Answer> {
  for (const end = performance.now() + timeoutMs; ;) {
    const answer = await ask();
    if (!passing.includes(answer.status) || performance.now() > end) return answer;
    await sleep(AGAIN_MS);
  }
}

/** A POST where there is a body, JSON as text and a photo as bytes. */
async function call({ url, apiKey, timeoutMs }: AcceptanceOptions, path: string, payload?: string | Buffer): Promise<Answer> {
  const method = payload === undefined ? 'GET' : 'POST';
  const type = typeof payload === 'string' ? 'application/json' : 'image/jpeg';
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers: { 'x-api-key': apiKey, ...(payload === undefined ? {} : { 'content-type': type }) },
      ...(payload === undefined ? {} : { body: typeof payload === 'string' ? payload : new Uint8Array(payload) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: anyObject.parse(await response.json()) };
  } catch (error) {
    return { status: 0, body: { detail: error instanceof Error ? error.message : String(error) } };
  }
}

function expect({ status, body }: Answer, holds: boolean, otherwise: string): void {
  if (holds) return;
  const why = [body['code'], body['detail']].filter((part) => part !== undefined).map(text);
  throw new Error(`${otherwise}: ${[`the answer was ${status}`, ...why].join(', ')}`);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
