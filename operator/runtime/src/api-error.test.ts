import { apiErrorOf } from './api-error.js';

const refusal = { call: 'PATCH /api/v1/x', headers: {}, secret: false };
const status = (fields: object): string => JSON.stringify({ kind: 'Status', ...fields });

describe('an answer of the API server that is no success', () => {
  it.each([
    [401, {}, 'forbidden'],
    [403, {}, 'forbidden'],
    [404, {}, 'notFound'],
    [409, { reason: 'Conflict' }, 'conflict'],
    [409, { reason: 'AlreadyExists' }, 'alreadyExists'],
    [410, { reason: 'Expired' }, 'gone'],
    [415, {}, 'invalid'],
    [422, { reason: 'Invalid' }, 'invalid'],
    [429, {}, 'throttled'],
    [500, {}, 'unavailable'],
    [503, {}, 'unavailable'],
    [504, { reason: 'Timeout' }, 'unavailable'],
  ])('%d %j is %s', (code, fields, expected) => {
    expect(apiErrorOf({ ...refusal, status: code, body: status(fields) })).toMatchObject({ code: expected, status: code });
  });

  it('keeps the server’s words, shortened, and leaves them out where they may quote a secret', () => {
    const body = status({ message: `no ${'x'.repeat(2_000)}`, reason: 'Invalid' });
    expect(apiErrorOf({ ...refusal, status: 422, body }).message).toHaveLength('PATCH /api/v1/x was answered with 422: '.length + 500);
    expect(apiErrorOf({ ...refusal, status: 422, body, secret: true }).message).toBe('PATCH /api/v1/x was answered with 422: Invalid');
  });

  it('says how long the server asks us to wait, by header or by body, and not for ever', () => {
    const throttled = (headers: Record<string, string>, body = '') => apiErrorOf({ ...refusal, status: 429, headers, body }).retryAfterMs;
    expect(throttled({ 'retry-after': '2' })).toBe(2_000);
    expect(throttled({}, status({ details: { retryAfterSeconds: 3 } }))).toBe(3_000);
    expect(throttled({ 'retry-after': '86400' })).toBe(300_000);
    expect(throttled({ 'retry-after': 'soon' }, 'no JSON')).toBeUndefined();
  });
});
