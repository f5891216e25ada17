import { troubleOf, type Trouble } from './trouble.js';

const s3 = (code: string): Error => Object.assign(new Error('with names of keys'), { code });

describe('what went wrong in a try', () => {
  it.each<[string, Error, number | undefined, Trouble['kind'], boolean]>([
    ['an object is not there', s3('NoSuchKey'), 404, 'missing', false],
    ['nothing is there, and nothing more is said', s3('NotFound'), 404, 'missing', false],
    ['a condition does not hold', s3('PreconditionFailed'), 412, 'conditionFailed', false],
    ['an upload in parts is gone', s3('NoSuchUpload'), 404, 'uploadGone', false],
    ['the bucket is not there', s3('NoSuchBucket'), 404, 'bucketMissing', false],
    ['the key is unknown', s3('InvalidAccessKeyId'), 403, 'denied', false],
    ['a token is too old', s3('ExpiredToken'), 400, 'denied', false],
    ['the request is wrong', s3('InvalidArgument'), 400, 'refused', false],
    ['two conditional writes met', s3('ConditionalRequestConflict'), 409, 'again', false],
    ['the store is busy', new Error('the client hides the code'), 503, 'again', false],
    ['the store failed', s3('InternalError'), 500, 'again', true],
    ['a gateway waited too long', new Error('no XML'), 504, 'again', true],
    ['the answer to a success says that it failed', s3('InternalError'), 200, 'again', true],
    ['the connection was reset', s3('ECONNRESET'), undefined, 'again', true],
    ['nobody listens', s3('ECONNREFUSED'), undefined, 'again', false],
    ['the name is unknown', s3('ENOTFOUND'), undefined, 'again', false],
  ])('%s', (_, error, status, kind, mayHaveHappened) => {
    const trouble = troubleOf(error, { status, stalled: false });
    expect(trouble).toMatchObject({ kind, mayHaveHappened });
    expect(trouble.why).not.toContain('names of keys');
  });

  it('is said in the words of S3, of the operating system, or of ours', () => {
    expect(troubleOf(s3('SlowDown'), { status: 503, stalled: false }).why).toBe('S3 answered 503 SlowDown');
    expect(troubleOf(s3('ECONNRESET'), { status: undefined, stalled: false }).why).toBe('ECONNRESET');
    expect(troubleOf(s3('ECONNRESET'), { status: undefined, stalled: true }).why).toBe('a socket stalled');
  });
});
