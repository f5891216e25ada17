/** What is judged of an answer. */
export interface Judged {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** The 503s that are a decision. Each says when to come again. */
const deliberate = new Set(['OVERLOADED', 'STORE_UNAVAILABLE', 'SHUTTING_DOWN', 'TRAINING_FAILED']);

/** What is wrong with an answer to hostile input, by itself: undefined when nothing is. `secrets` may stand nowhere in it. */
export function faultOf(answer: Judged, secrets: readonly string[]): string | undefined {
  const { status, headers, body } = answer;
  const told = `${status} ${body.slice(0, 300)}`;
  if (secrets.some((secret) => body.includes(secret) || Object.values(headers).some((value) => value?.includes(secret) === true)))
    return `the key is in the answer: ${told}`;
  if (status < 400) return undefined;
  const document = jsonOf(body);
  if (document === undefined) return `no JSON: ${told}`;
  const code = document['code'];
  if (status >= 500 && !(status === 503 && deliberate.has(String(code)) && headers['retry-after'] !== undefined)) return `failed: ${told}`;
  return isProblem(document, answer) || isAncestors(document) ? undefined : `no problem document: ${told}`;
}

function isProblem(document: Readonly<Record<string, unknown>>, { status, headers }: Judged): boolean {
  const { type, title, code, requestId } = document;
  return (
    (headers['content-type'] ?? '').startsWith('application/problem+json') &&
    type === `urn:facehash:problem:${String(code)}` &&
    document['status'] === status &&
    typeof title === 'string' &&
    typeof requestId === 'string'
  );
}

function isAncestors(document: Readonly<Record<string, unknown>>): boolean {
  const [first] = Object.entries(document);
  const refused = first?.[1] === 0 && (first[0] === 'foundFlag' || first[0] === 'trainingSuccess');
  return refused && typeof document['code'] === 'string' && typeof document['requestId'] === 'string';
}

function jsonOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
