/** What a caller may have expected, as an answer; anything else is a reason to try again or to give up. */
export type Refusal = 'missing' | 'conditionFailed' | 'uploadGone';

export interface Trouble {
  readonly kind: Refusal | 'bucketMissing' | 'denied' | 'refused' | 'again';
  /** For people, without any secret: `S3 answered 503 SlowDown`. */
  readonly why: string;
  /** The request may have done its work although its answer was not seen. */
  readonly mayHaveHappened: boolean;
  readonly cause: unknown;
}

/** What was seen of the answer that an error is about. */
interface Seen {
  readonly status: number | undefined;
  readonly stalled: boolean;
}

const byCode: Readonly<Record<string, Trouble['kind']>> = {
  PreconditionFailed: 'conditionFailed',
  NoSuchKey: 'missing',
  NotFound: 'missing', // what the client makes of an answer without a body
  NoSuchUpload: 'uploadGone',
  NoSuchBucket: 'bucketMissing',
  ExpiredToken: 'denied',
  InvalidToken: 'denied',
  InvalidTokenId: 'denied',
  ConditionalRequestConflict: 'again', // AWS: two conditional writes met
  OperationAborted: 'again',
  RequestTimeout: 'again',
  SlowDown: 'again',
};
const byStatus: Readonly<Record<number, Trouble['kind']>> = { 403: 'denied', 408: 'again', 412: 'conditionFailed', 429: 'again' };
/** The store says of itself that it did nothing. */
const nothingDone = [409, 429, 503];
/** No connection, so no request. */
const neverSent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

export function isRefusal(kind: Trouble['kind']): kind is Refusal {
  return kind === 'missing' || kind === 'conditionFailed' || kind === 'uploadGone';
}

/** What went wrong in a try. The client's own errors carry names of keys and of hosts: only codes are taken from them. */
export function troubleOf(error: unknown, { status = 0, stalled }: Seen): Trouble {
  const code = codeOf(error);
  return status < 300 ? unanswered(error, code, stalled) : answered(status, code);
}

/** No answer, or one that broke off or made no sense. */
function unanswered(error: unknown, code: string, stalled: boolean): Trouble {
  const why = stalled ? 'a socket stalled' : code === '' ? messageOf(error) : code;
  return { kind: byCode[code] ?? 'again', why, mayHaveHappened: !neverSent.includes(code), cause: error };
}

function answered(status: number, code: string): Trouble {
  const why = `S3 answered ${status}${code === '' ? '' : ` ${code}`}`;
  const kind = byCode[code] ?? byStatus[status] ?? (status >= 500 ? 'again' : 'refused');
  return { kind, why, mayHaveHappened: kind === 'again' && !nothingDone.includes(status), cause: new Error(why) };
}

/** Of S3 or of the operating system. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' && /^[A-Za-z0-9_.]{1,64}$/.test(code) ? code : '';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'an answer that could not be read';
}
