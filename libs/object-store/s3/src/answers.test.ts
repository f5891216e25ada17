import { Client } from 'minio';
import { RecordingLogger } from '@facehash/kernel/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { openS3ObjectStore, type S3ObjectStore, type S3Options } from './index.js';
import { MULTIPART_BYTES } from './conditional-write.js';
import { HttpFront, type Fault } from './testing/http-front.js';
import { Minio, until } from './testing/minio.js';

const reason = await reasonAgainst('minio');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string | undefined => data && new TextDecoder().decode(data);
const slowDown: Fault = { status: 503, code: 'SlowDown' };
const broken: Fault = { status: 500, code: 'InternalError' };
const flipped: Fault = { change: (body) => Buffer.from(body.map((byte, i) => (i === 0 ? byte ^ 1 : byte))) };
const cutShort: Fault = { change: (body) => body.subarray(0, -1) };
const unavailable = { code: 'STORE_UNAVAILABLE' };

describe('objects in S3, whatever it answers', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else onMinio();
});

function onMinio(): void {
  let minio: Minio;
  let front: HttpFront;
  let log: RecordingLogger;
  let store: S3ObjectStore;
  let behind: S3ObjectStore;
  let bucket: string;
  let open: (more?: Partial<S3Options>) => Promise<void>;
  /** Gives up soon, for tests that wait for that. */
  const openHasty = async (): Promise<void> => {
    await store.close();
    await open({ timeoutMs: 1_500 });
  };
  beforeAll(async () => (minio = new Minio(await startServer('minio'))));
  afterAll(() => minio[Symbol.asyncDispose]());
  beforeEach(async () => {
    front = await HttpFront.before(minio.url);
    log = new RecordingLogger();
    const options = minio.options({ logger: log });
    bucket = options.bucket;
    open = async (more = {}) => {
      store = await openS3ObjectStore({ ...options, endpoint: front.url, ...more });
      await until(() => store.health().ok);
    };
    await open();
    behind = await openS3ObjectStore(options);
    log.lines.length = 0;
  });
  /** After it, every request is one of the call that is tested. */
  const conditionsAsked = () => store.create('m/first', bytes(''));
  afterEach(async () => {
    await store.close();
    await behind.close();
    await front[Symbol.asyncDispose]();
  });
  const lines = (): unknown => log.lines.map(({ level, message, fields }) => [level, message, fields['why']]);
  const moreThanOneTry = (why: string): unknown => [['info', 'a call to the object store took more than one try', why]];

  it.each([
    ['a busy store', slowDown, 'S3 answered 503 SlowDown', 503],
    ['a store that failed', broken, 'S3 answered 500', 500],
  ])('are written and read over %s', async (_, fault, why) => {
    await conditionsAsked();
    front.doesNext('PUT', fault, fault, fault);
    expect(await store.create('m/a', bytes('a'))).toBe('created');
    expect(lines()).toEqual(moreThanOneTry(why.replace(' SlowDown', '')));
    front.doesNext('GET', fault, fault);
    expect(text((await store.read('m/a'))?.bytes)).toBe('a');
  });

  it.each([400, 403, 405])('are not asked for again when S3 refuses with %d', async (status) => {
    front.seen.length = 0;
    front.does(() => ({ status, code: 'Refused' }));
    const refused = { ...unavailable, details: { operation: 'read', key: 'm/a', why: `S3 answered ${status} Refused` } };
    await expect(store.read('m/a')).rejects.toMatchObject(refused);
    expect(front.seen).toHaveLength(1);
    expect(store.health()).toEqual({ ok: false, why: `S3 answered ${status} Refused` });
  });

  it('are given up when a store stays busy to the deadline', async () => {
    await openHasty();
    front.does(() => slowDown);
    await expect(store.create('m/a', bytes('a'))).rejects.toMatchObject({ ...unavailable, details: { why: 'S3 answered 503' } });
    expect(lines()).toEqual([['warn', 'the object store does not answer as it should', 'S3 answered 503']]);
  });

  it.each(['if-none-match', 'if-match'])('are not written where the store ignores %s', async (condition) => {
    front.does(({ method, url, headers }) => {
      const ignored = method === 'PUT' && (url ?? '').includes('conditional-writes') && headers[condition] !== undefined;
      return ignored ? { status: 200, code: 'Ignored' } : 'pass';
    });
    const why = 'the store ignores the conditions of writes, and would lose some of them';
    await expect(store.create('m/a', bytes('a'))).rejects.toMatchObject({ ...unavailable, details: { why } });
    await expect(store.replace('m/p', bytes('1'), null)).rejects.toMatchObject(unavailable);
    expect(await behind.read('m/a')).toBeUndefined();
    expect(lines()).toEqual([['warn', 'the object store does not answer as it should', why]]);
  });

  describe('a write whose answer is lost', () => {
    it('is known as one’s own, by who created', async () => {
      await conditionsAsked();
      front.doesNext('PUT', 'loseAnswer');
      expect(await store.create('m/a', bytes('a'))).toBe('created');
      expect(lines()).toEqual(moreThanOneTry('ECONNRESET'));
    });

    it('is known as one’s own, by who replaced, with the revision that it has', async () => {
      const first = (await store.replace('m/p', bytes('1'), null)) ?? null;
      front.doesNext('PUT', 'loseAnswer', broken, 'loseAnswer');
      const second = await store.replace('m/p', bytes('2'), first);
      expect(await store.read('m/p')).toEqual({ bytes: bytes('2'), revision: second });
      expect(await store.replace('m/p', bytes('3'), second ?? null)).toBeDefined();
    });

    it('is somebody else’s when another wrote the same bytes before', async () => {
      const first = (await behind.replace('m/p', bytes('1'), null)) ?? null;
      await behind.create('m/a', bytes('a'));
      await behind.replace('m/p', bytes('2'), first);
      await conditionsAsked();
      front.doesNext('PUT', 'loseAnswer');
      expect(await store.create('m/a', bytes('a'))).toBe('exists');
      front.doesNext('PUT', slowDown);
      expect(await store.replace('m/p', bytes('2'), first)).toBeUndefined();
    });

    it('is told neither won nor lost when somebody replaced it before one could look', async () => {
      const first = (await behind.replace('m/p', bytes('1'), null)) ?? null;
      await conditionsAsked();
      let writes = 0;
      front.does(({ method }) => {
        if (method !== 'PUT' || ++writes > 1) return 'pass';
        return 'loseAnswer';
      });
      const replacing = store.replace('m/p', bytes('2'), first);
      // The one that was lost arrives, and is replaced while its writer waits to try again.
      const replaceIt = async (): Promise<void> => {
        for (;;) {
          const now = await behind.read('m/p');
          if (text(now?.bytes) === '2' && (await behind.replace('m/p', bytes('3'), now?.revision ?? null)) !== undefined) return;
        }
      };
      const [outcome] = await Promise.allSettled([replacing, replaceIt()]);
      // Its writer may have been quick enough to find it: then it won, and was replaced after.
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(unavailable);
      else expect(outcome.value).toBeDefined();
      expect(text((await store.read('m/p'))?.bytes)).toBe('3');
    });

    it('stays open when the deadline comes first: it happened, or it did not', async () => {
      await openHasty();
      front.does(({ method }) => (method === 'HEAD' ? slowDown : 'loseAnswer'));
      await expect(store.create('m/a', bytes('a'))).rejects.toMatchObject(unavailable);
      expect(['a', undefined]).toContain(text((await behind.read('m/a'))?.bytes));
    });
  });

  describe('bytes that do not match their digest', () => {
    const again = ['warn', 'an object does not match the digest that was stored with it, and is read again', undefined];
    beforeEach(() => store.create('m/a', bytes('abc')));

    it.each([
      ['changed', flipped],
      ['fewer', cutShort],
    ])('are read again when they were %s on their way', async (_, fault) => {
      front.doesNext('GET', fault);
      expect(text((await store.read('m/a'))?.bytes)).toBe('abc');
      expect(lines()).toEqual([again]);
    });

    it.each([
      ['changed', flipped],
      ['fewer', cutShort],
    ])('are damaged where they lie when they are %s in the same way twice', async (_, fault) => {
      front.doesNext('GET', fault, fault);
      await expect(store.read('m/a')).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT', details: { key: 'm/a' } });
      expect(lines()).toEqual([again]);
      expect(store.health().ok).toBe(true);
    });

    it('are the network’s fault when they are others at each try', async () => {
      front.doesNext('GET', flipped, cutShort);
      await expect(store.read('m/a')).rejects.toMatchObject(unavailable);
    });

    it('are taken as they are where another tool wrote them without a digest', async () => {
      const { hostname: endPoint, port, username: accessKey, password: secretKey } = minio.url;
      const tool = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey });
      await tool.putObject(bucket, 'm/theirs', Buffer.from('theirs'));
      await tool.putObject(bucket, 'm/no key', Buffer.from('x'));
      await tool.putObject(bucket, 'm/strange', Buffer.from('strange'), 7, { sha256: 'not a digest' });
      const theirs = await store.read('m/theirs');
      expect(text(theirs?.bytes)).toBe('theirs');
      expect(text((await store.read('m/strange'))?.bytes)).toBe('strange');
      expect(await store.replace('m/theirs', bytes('ours'), theirs?.revision ?? null)).toBeDefined();
      const listed: string[] = [];
      for await (const { key } of store.list('')) listed.push(key);
      expect(listed).toEqual(['m/a', 'm/strange', 'm/theirs']);
    });
  });

  describe('objects that are sent in parts', () => {
    const large = new Uint8Array(MULTIPART_BYTES + 1_000_000).map((_, i) => i % 251);
    const begun = async (): Promise<number> => {
      const { hostname: endPoint, port, username: accessKey, password: secretKey } = minio.url;
      const tool = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey });
      return (await tool.listIncompleteUploadsQuery(bucket, 'm/large', '', '', '')).uploads.length;
    };
    const isWhole = async (): Promise<boolean> => Buffer.compare((await behind.read('m/large'))?.bytes ?? bytes(''), large) === 0;

    it('are created once, and replaced by who knows their revision', async () => {
      expect(await store.create('m/large', large)).toBe('created');
      expect(await isWhole()).toBe(true);
      expect(await store.create('m/large', large)).toBe('exists');
      const { revision = '' } = (await store.read('m/large')) ?? {};
      expect(await store.replace('m/large', large, 'made-up')).toBeUndefined();
      expect(await store.replace('m/large', large.subarray(1), revision)).toBeDefined();
      expect((await store.read('m/large'))?.bytes).toHaveLength(large.length - 1);
      expect(await begun()).toBe(0);
    });

    it('are one writer’s when several try at once, and never seen in part', async () => {
      let done = false;
      const writers = [store, behind, store].map((writer, i) =>
        writer.create(
          'm/large',
          large.map((byte) => byte ^ i),
        ),
      );
      const writing = Promise.all(writers).finally(() => (done = true));
      while (!done) expect([undefined, large.length]).toContain((await behind.read('m/large'))?.bytes.length);
      const outcomes = await writing;
      expect([...outcomes].sort()).toEqual(['created', 'exists', 'exists']);
      const winner = outcomes.indexOf('created');
      expect((await behind.read('m/large'))?.bytes[0]).toBe((large[0] ?? 0) ^ winner);
      await store.close();
      await behind.close();
      expect(await begun()).toBe(0);
    });

    it('are won by one of those who replace the same revision', async () => {
      const first = (await store.replace('m/large', bytes('small'), null)) ?? null;
      const tried = await Promise.all(
        [0, 1].map((i) =>
          store.replace(
            'm/large',
            large.map((byte) => byte ^ i),
            first,
          ),
        ),
      );
      expect(tried.filter((revision) => revision !== undefined)).toHaveLength(1);
    });

    it('send one part again, not all, when it failed', async () => {
      front.seen.length = 0;
      let failed = false;
      front.does(({ method, url }) => {
        if (method !== 'PUT' || !/partNumber=2/.test(url ?? '') || failed) return 'pass';
        failed = true;
        return 'loseAnswer';
      });
      expect(await store.create('m/large', large)).toBe('created');
      expect(await isWhole()).toBe(true);
      expect(front.seen.filter((line) => /partNumber/.test(line))).toHaveLength(4);
    });

    it('are known as one’s own when the answer to their completion is lost', async () => {
      let lost = false;
      front.does(({ method, url }) => {
        if (method !== 'POST' || !/uploadId=/.test(url ?? '') || lost) return 'pass';
        lost = true;
        return 'loseAnswer';
      });
      expect(await store.create('m/large', large)).toBe('created');
      expect(await isWhole()).toBe(true);
    });

    it('leave nothing when they are given up', async () => {
      const enough = new Error('enough');
      const stop = new AbortController();
      front.does(({ url }) => {
        if (/partNumber=2/.test(url ?? '')) stop.abort(enough);
        return 'pass';
      });
      await expect(store.create('m/large', large, stop.signal)).rejects.toBe(enough);
      await store.close();
      expect(await begun()).toBe(0);
      expect(await behind.read('m/large')).toBeUndefined();
    });
  });

  it('are listed over the bounds of a page, in order, with names that look like numbers', async () => {
    const keys = ['007', '1e5', ...Array.from({ length: 1_100 }, (_, i) => `m/${i}`)];
    for (let at = 0; at < keys.length; at += 100) {
      await Promise.all(keys.slice(at, at + 100).map((key) => behind.create(key, bytes('x'))));
    }
    front.doesNext('GET', broken, 'pass', cutShort);
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    expect(listed).toEqual([...keys].sort());
  });

  it('say nothing secret in errors, log and health', async () => {
    front.does(() => ({ status: 403, code: 'InvalidAccessKeyId' }));
    const error: unknown = await store.read('m/a').catch((thrown: unknown) => thrown);
    const { username, password } = minio.url;
    const said = [error, error instanceof Error && error.cause, log.lines, store.health()].map((it) => JSON.stringify(it, errorFields));
    expect(said.join()).toContain('InvalidAccessKeyId');
    expect(said.join()).not.toContain(password);
    expect(said.join()).not.toContain(`"${username}"`);
  });
}

function errorFields(_: string, value: unknown): unknown {
  return value instanceof Error ? { ...Object.fromEntries(Object.entries(value)), message: value.message, stack: value.stack } : value;
}
