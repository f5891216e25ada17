/**
 * What an API server may answer that a caller acts on. `forbidden` covers 401, too: the credentials do not do, now. `unavailable` is
 * everything that may go away by itself: no connection, no answer in time, a fault of the server's.
 */
export type ApiErrorCode = 'notFound' | 'conflict' | 'alreadyExists' | 'forbidden' | 'invalid' | 'gone' | 'throttled' | 'unavailable';

export interface ApiErrorDetails {
  /** Of HTTP; not there when no answer came. */
  readonly status?: number | undefined;
  /** What the server asked us to wait. */
  readonly retryAfterMs?: number | undefined;
}

/** A call that did not succeed. The message names the call and what the server said of it; it never holds what was sent. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    details: ApiErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export function hasApiCode(thrown: unknown, ...codes: readonly ApiErrorCode[]): thrown is ApiError {
  return thrown instanceof ApiError && codes.includes(thrown.code);
}

/** Whoever says "later" and means more than this is asked again before. */
const RETRY_AFTER_MS_MAX = 300_000;
const MESSAGE_CHARS_MAX = 500;

export interface Refusal {
  /** The call, as messages name it: `PATCH /api/v1/…`. */
  readonly call: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The server's answer, which should be a `Status` object. */
  readonly body: string;
  /** The server quotes values that it refuses: not to be repeated where they may be secrets. */
  readonly secret: boolean;
}

export function apiErrorOf({ call, status, headers, body, secret }: Refusal): ApiError {
  const said = statusObject(body);
  const words = secret ? said.reason : said.message || said.reason;
  const message = `${call} was answered with ${status}${words === '' ? '' : `: ${words.slice(0, MESSAGE_CHARS_MAX)}`}`;
  return new ApiError(codeOf(status, said.reason), message, { status, retryAfterMs: retryAfterMs(headers, said.retryAfterSeconds) });
}

/** An `ERROR` event of a watch carries a `Status` object. */
export function apiErrorOfStatus(call: string, status: unknown): ApiError {
  const code = numberOf(field(status, 'code')) ?? 500;
  return apiErrorOf({ call, status: code, headers: {}, body: JSON.stringify(status), secret: false });
}

function codeOf(status: number, reason: string): ApiErrorCode {
  switch (status) {
    case 401:
    case 403:
      return 'forbidden';
    case 404:
      return 'notFound';
    case 409:
      return reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict';
    case 410:
      return 'gone';
    case 429:
      return 'throttled';
    default:
      return status >= 500 || status === 408 ? 'unavailable' : 'invalid';
  }
}

interface StatusObject {
  readonly message: string;
  readonly reason: string;
  readonly retryAfterSeconds: number | undefined;
}

function statusObject(body: string): StatusObject {
  const parsed = parsedOrUndefined(body);
  const [message, reason] = [field(parsed, 'message'), field(parsed, 'reason')];
  return {
    message: typeof message === 'string' ? message : '',
    reason: typeof reason === 'string' ? reason : '',
    retryAfterSeconds: numberOf(field(field(parsed, 'details'), 'retryAfterSeconds')),
  };
}

function retryAfterMs(headers: Readonly<Record<string, string>>, inBodySeconds: number | undefined): number | undefined {
  const header = headers['retry-after'];
  const seconds = header !== undefined && /^\d+$/.test(header) ? Number(header) : inBodySeconds;
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds * 1000, RETRY_AFTER_MS_MAX);
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
