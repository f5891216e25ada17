/** An answer that is no success, in the words of the problem document. */
export class ApiProblem extends Error {
  /**
   * @param {{status: number, code: string, title: string, detail?: string | undefined, retryAfterMs: number}} facts `status` is 0 when nothing answered
   */
  constructor({ status, code, title, detail, retryAfterMs }) {
    super(detail === undefined ? title : `${title}: ${detail}`);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** It passes by itself: asking again is worth it. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status === 503 || this.status === 504;
  }
}

/** Long enough for a picture of 20 MB over a slow line. */
const TIMEOUT_MS = 120_000;

/** The calls of the API, with one key. */
export class Api {
  /** @param {string} key */
  constructor(key) {
    this.key = key;
  }

  /**
   * @template [T=unknown]
   * @param {string} path
   * @param {{method?: string, json?: unknown, image?: Blob, accept?: string, signal?: AbortSignal}} [request]
   * @returns {Promise<T>} of JSON; throws ApiProblem
   */
  async json(path, request = {}) {
    return (await this.send(path, request)).json();
  }

  /**
   * @param {string} path
   * @param {{method?: string, json?: unknown, image?: Blob, accept?: string, lastEventId?: string, signal?: AbortSignal, endless?: boolean}} [request] `endless`: the body of the answer has no end
   * @returns {Promise<Response>} throws ApiProblem, and what the signal says when it was aborted
   */
  async send(path, request = {}) {
    const signals = [request.signal, request.endless ? undefined : AbortSignal.timeout(TIMEOUT_MS)].filter(
      (signal) => signal !== undefined,
    );
    const response = await fetch(path, {
      method: request.method ?? (request.image || request.json !== undefined ? 'POST' : 'GET'),
      headers: { 'x-api-key': this.key, ...headersOf(request) },
      body: request.image ?? (request.json === undefined ? null : JSON.stringify(request.json)),
      signal: AbortSignal.any(signals),
      cache: 'no-store',
    }).catch((/** @type {unknown} */ error) => {
      if (request.signal?.aborted) throw error;
      throw unreachable();
    });
    if (!response.ok) throw await problemIn(response);
    return response;
  }
}

/** @param {{json?: unknown, image?: Blob, accept?: string, lastEventId?: string}} request */
function headersOf({ json, image, accept, lastEventId }) {
  return {
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    ...(accept === undefined ? {} : { accept }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    // What a file is, the server finds out from its bytes.
    ...(image ? { 'content-type': 'application/octet-stream' } : {}),
  };
}

function unreachable() {
  return new ApiProblem({ status: 0, code: 'UNREACHABLE', title: 'The server does not answer', retryAfterMs: 2000 });
}

/** @param {Response} response */
async function problemIn(response) {
  const seconds = Number(response.headers.get('retry-after'));
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 1000;
  const title = `The server answered ${response.status}`;
  const body = await response.json().catch(() => ({}));
  return new ApiProblem({ code: 'UNKNOWN', title, ...body, status: response.status, retryAfterMs });
}
