import { noise } from './forgeries.js';
import type { RawRequest } from './wire.js';

/** One request, written by hand. */
export interface HostileRequest {
  readonly name: string;
  readonly request: RawRequest;
  /** Statuses of the answers in their order; none: the connection is closed without a word. More than one list where any of them is right. */
  readonly answers: readonly (readonly number[])[];
}

export interface Written {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** The key goes into a header unless this says otherwise. */
  readonly key?: string | undefined;
}

/** The bytes of one request whose connection ends with its answer. */
export function written({ method = 'POST', path = '/v1/recognize', headers = {}, body = '', key }: Written): Buffer {
  const bytes = Buffer.from(body);
  const all = {
    host: 'facehash.example',
    connection: 'close',
    ...(key === undefined ? {} : { 'x-api-key': key }),
    ...(bytes.length === 0 && method === 'GET' ? {} : { 'content-length': String(bytes.length) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain' };
const form = (boundary: string) => ({ 'content-type': `multipart/form-data; boundary=${boundary}` });
const nested = (open: string, close: string, depth: number): string => `${open.repeat(depth)}1${close.repeat(depth)}`;

/** Bodies that are not what they should be, each with the status of its answer. `photo` is one that is read. */
export function hostileBodies(key: string, photo: Buffer): readonly HostileRequest[] {
  const base64 = photo.toString('base64');
  const url64 = photo.toString('base64url');
  const one = (name: string, status: number, request: Written): HostileRequest => ({
    name,
    request: { pieces: [written({ key, ...request })] },
    answers: [[status]],
  });
  const image = (name: string, status: number, body: string, headers: Record<string, string> = text) =>
    one(name, status, { body, headers });
  const part = (head: string, body = base64) => `--b\r\n${head}\r\n\r\n${body}\r\n--b--\r\n`;
  return [
    image('base64 in lines', 200, base64.replace(/.{76}/g, '$&\r\n')),
    image('base64 with a space in every line', 200, base64.replace(/.{76}/g, '$&\n ')),
    image('base64 in the alphabet of addresses', 200, url64),
    image('base64 without padding', 200, base64.replace(/=+$/, '')),
    image('base64 with padding in its midst', 422, `${base64.slice(0, 400)}=${base64.slice(400)}`),
    image('base64 of one character too many', 422, base64.replace(/=+$/, '').slice(0, 401)),
    image('base64 with a character that is none', 422, `${base64.slice(0, 400)}!${base64.slice(400)}`),
    image('base64 with a NUL', 422, `${base64.slice(0, 400)}\0${base64.slice(400)}`),
    image('a data URI', 200, `data:image/jpeg;base64,${base64}`),
    image('a data URI of text', 200, `data:text/html;base64,${base64}`),
    image('a data URI with parameters', 200, `DATA:image/jpeg;charset=utf-8;name=a.jpg;base64,${base64}`),
    image('a data URI that is not base64', 422, 'data:image/svg+xml,<svg/>'),
    image('a data URI of nothing', 422, 'data:image/jpeg;base64,'),
    image('text of blanks', 422, ' \r\n\t '),
    image('JSON of 10,000 levels', 400, nested('{"image":', '}', 10_000), json),
    image('a list of 10,000 levels', 400, nested('[', ']', 10_000), json),
    image('JSON of 10,000 levels in a key that nobody knows', 400, `{"x":${nested('[', ']', 10_000)}}`, json),
    image('JSON with the image twice', 400, JSON.stringify({ image: base64 }).replace('{', `{"image":"${base64}",`), json),
    image('JSON with __proto__', 400, `{"__proto__":{"image":"${base64}"}}`, json),
    image('JSON with a number of 1,000,000 digits', 400, `{"image":${'9'.repeat(1_000_000)}}`, json),
    image('JSON with NaN', 400, '{"image":NaN}', json),
    image('JSON with Infinity', 400, '{"image":1e999}', json),
    image('JSON with null', 400, '{"image":null}', json),
    image('JSON of two documents', 400, '{"image":"AAAA"}{"image":"AAAA"}', json),
    image('JSON that ends too early', 400, '{"image":"AAAA', json),
    image('JSON with a lone surrogate', 422, '{"image":"\\ud800"}', json),
    image('JSON with a NUL in the text', 422, '{"image":"AA\\u0000AA"}', json),
    image('JSON with a comment', 400, '{/**/"image":"AAAA"}', json),
    image('JSON behind a byte order mark', 422, `\ufeff${JSON.stringify({ image: 'A' })}`, json),
    one('JSON in UTF-16', 400, { body: Buffer.from(JSON.stringify({ image: base64 }), 'utf16le'), headers: json }),
    one('JSON in broken UTF-8', 400, { body: Buffer.from([...Buffer.from('{"image":"'), 0xc3, 0x28, 0xff, ...Buffer.from('"}')]), headers: json }),
    image('an empty object', 400, '{}', json),
    image('nothing called JSON', 422, '', json),
    image('a multipart body without a boundary', 400, part('content-disposition: form-data; name="image"'), { 'content-type': 'multipart/form-data' }),
    image('a multipart body with another boundary', 400, part('content-disposition: form-data; name="image"'), form('c')),
    image('a multipart body without an end', 400, '--b\r\ncontent-disposition: form-data; name="image"\r\n\r\nAAAA', form('b')),
    image('a multipart body without parts', 400, '--b--\r\n', form('b')),
    image('a multipart body in a multipart body', 422, part('content-disposition: form-data; name="image"\r\ncontent-type: multipart/mixed; boundary=c', '--c\r\n\r\nx\r\n--c--'), form('b')),
    image('a part without a name', 400, part('content-type: image/jpeg'), form('b')),
    image('a part with a path for a name', 422, part('content-disposition: form-data; name="image"; filename="../../etc/passwd"', base64), form('b')),
    image('a part with 10,000 headers', 200, part(`content-disposition: form-data; name="image"${Array.from({ length: 10_000 }, (_, i) => `\r\nx-${i}: y`).join('')}`), form('b')),
    image('1,000 parts', 400, `${'--b\r\ncontent-disposition: form-data; name="image"\r\n\r\nAAAA\r\n'.repeat(1000)}--b--\r\n`, form('b')),
    image('a boundary of 5,000 characters', 400, part(''), form('b'.repeat(5000))),
    image('a compressed body', 415, base64, { ...text, 'content-encoding': 'gzip' }),
    image('a video', 415, base64, { 'content-type': 'video/mp4' }),
    image('a media type that is none', 415, base64, { 'content-type': ';;;=' }),
    image('a media type in capitals', 200, base64, { 'content-type': 'TEXT/PLAIN; CHARSET=utf-7' }),
    image('a form of 1,000,000 escapes', 422, '%zz'.repeat(1_000_000), { 'content-type': 'application/x-www-form-urlencoded' }),
  ]; // prettier-ignore
}

/** Calls of which something else than the body is wrong. */
export function hostileCalls(key: string): readonly HostileRequest[] {
  const one = (name: string, statuses: readonly number[], request: Written): HostileRequest => ({
    name,
    request: { pieces: [written({ key, ...request })] },
    answers: statuses.map((status) => [status]),
  });
  const get = (path: string, ...statuses: number[]) =>
    one(`GET ${path.length > 60 ? `${path.slice(0, 60)}…` : path}`, statuses, { method: 'GET', path });
  const person = (name: string, body: string, ...statuses: number[]) =>
    one(`a person with ${name}`, statuses, { path: '/v1/people', body, headers: json });
  return [
    get('/v1/people/%00', 404),
    get('/v1/people/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 404),
    get('/v1/people/../../etc/passwd', 404),
    get('/../../../../etc/passwd', 404),
    get('//v1//people', 404),
    get('/v1/people/%ff', 400),
    get('/v1/people/%', 400),
    get('/v1/people/%ed%a0%80', 400),
    get(`/v1/people/${'a'.repeat(200)}`, 404),
    get(`/v1/people/${'a'.repeat(10_000)}`, 404),
    get(`/v1/people/per_1/photos/${'0'.repeat(64)}`, 404),
    get('/v1/people/per_1/photos/..%2f..%2fapi-key', 404),
    get('/v1/people?limit=-1', 400),
    get('/v1/people?limit=1e309', 400),
    get('/v1/people?limit=1&limit=2', 400),
    get('/v1/people?cursor=%00', 400),
    get(`/v1/people?cursor=${'A'.repeat(5000)}`, 400),
    get('/v1/people?cursor=eyJhIjoxfQ', 200),
    get('/v1/people?__proto__=1&constructor=2', 400),
    get('/v1/people?%ff', 400),
    get(`/v1/people?${'a=1&'.repeat(2000)}`, 400, 431),
    get('/v1/erasures/%00', 404),
    get('/V1/PEOPLE', 404),
    get('http://elsewhere.example/v1/model', 200, 404),
    get('*', 400, 404),
    get('/v1/model#fragment', 200, 400, 404),
    one('a call by TRACE', [400, 404, 405], { method: 'TRACE', path: '/v1/people' }),
    one('a call by PROPFIND', [400, 404, 405], { method: 'PROPFIND', path: '/v1/people' }),
    one('a call by a method that is none', [400], { method: 'FETCH', path: '/v1/people' }),
    one('a call by a method in small letters', [400], { method: 'get', path: '/v1/people' }),
    one('a method in a header', [400], { path: '/v1/people', headers: { 'x-http-method-override': 'DELETE', ...json }, body: '{}' }),
    one('a wish to be switched to another protocol', [200], { method: 'GET', path: '/v1/model', headers: { connection: 'upgrade, close', upgrade: 'h2c' } }),
    one('a key of 10,000 characters', [401], { key: 'f'.repeat(10_000) }),
    one('a key with a NUL', [400], { key: `${key}\0` }),
    one('a header of 15,000 characters', [200], { method: 'GET', path: '/v1/model', headers: { 'user-agent': 'x'.repeat(15_000) } }),
    one('a header of 40,000 characters', [431], { method: 'GET', path: '/v1/model', headers: { 'user-agent': 'x'.repeat(40_000) } }),
    one('a header with a byte that is no character', [200, 400], { method: 'GET', path: '/v1/model', headers: { prefer: '\xff\x80' } }),
    person('a NUL in the name', '{"name":"a\\u0000b"}', 400),
    person('a lone surrogate for a name', '{"name":"\\ud800"}', 400),
    person('a name of 300 characters', JSON.stringify({ name: 'n'.repeat(300) }), 400),
    person('a name of blanks', '{"name":"  \\u00a0 "}', 400),
    person('a name that is a list', '{"name":["a"]}', 400),
    person('a field that nobody knows', '{"name":"a","age":3}', 400),
    person('__proto__ for metadata', '{"name":"proto","metadata":{"__proto__":{"a":"b"}}}', 201),
    person('metadata of 10,000 levels', `{"name":"deep","metadata":${nested('{"a":', '}', 10_000)}}`, 400),
    person('a name of combining characters', JSON.stringify({ name: `Z${'\u0301'.repeat(250)}` }), 400),
    person('broken UTF-8', '{"name":"\xff"', 400),
    person('a lone surrogate elsewhere', '{"name":"s1","externalId":"\\udc00"}', 400),
    person('a lone surrogate in metadata', '{"name":"s2","metadata":{"a":"\\udc00"}}', 400),
  ]; // prettier-ignore
}

/** What is wrong below the level of requests. Statuses by RFC 9112. */
export function hostileConnections(key: string, photo: Buffer): readonly HostileRequest[] {
  const raw = (name: string, answers: readonly (readonly number[])[], request: RawRequest): HostileRequest => ({ name, answers, request });
  const head = (lines: readonly string[], target = 'POST /v1/recognize HTTP/1.1') =>
    `${[target, 'host: x', `x-api-key: ${key}`, 'content-type: image/jpeg', ...lines].join('\r\n')}\r\n\r\n`;
  const chunked = (bytes: Uint8Array) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  const last = '0\r\n\r\n';
  const whole = written({ key, body: photo, headers: { 'content-type': 'image/jpeg', connection: 'keep-alive' } });
  const finish = written({ key, method: 'GET', path: '/v1/model' });
  return [
    raw('a body in chunks of all sizes', [[200]], { pieces: [head(['transfer-encoding: chunked', 'connection: close']), ...cut(photo).map(chunked), last] }),
    raw('a chunk that is longer than it says', [[400]], { pieces: [head(['transfer-encoding: chunked']), '3\r\nabcdefgh\r\n', last] }),
    raw('a chunk whose size is no number', [[400]], { pieces: [head(['transfer-encoding: chunked']), 'zz\r\nab\r\n', last] }),
    raw('a chunk of 2^64 bytes', [[400], [413]], { pieces: [head(['transfer-encoding: chunked']), 'ffffffffffffffff1\r\nab\r\n'] }),
    raw('chunks that never end', [[400], []], { pieces: [head(['transfer-encoding: chunked']), chunked(photo)], then: 'end' }),
    raw('an extension of a chunk of 100 KB', [[400], [413]], { pieces: [head(['transfer-encoding: chunked']), `3;${'x'.repeat(100_000)}\r\nabc\r\n`, last] }),
    raw('trailers of 100 KB', [[400], [431]], { pieces: [head(['transfer-encoding: chunked']), chunked(photo), `0\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`] }),
    raw('both a length and chunks', [[400]], { pieces: [head(['content-length: 3', 'transfer-encoding: chunked']), chunked(photo), last] }),
    raw('two lengths', [[400]], { pieces: [head(['content-length: 3', 'content-length: 4']), 'abcd'] }),
    raw('a negative length', [[400]], { pieces: [head(['content-length: -1'])] }),
    raw('a length of 2^64', [[400], [413]], { pieces: [head(['content-length: 18446744073709551616'])] }),
    raw('a length of 9 GB', [[413]], { pieces: [head(['content-length: 9000000000']), 'abc'], then: 'end' }),
    raw('a transfer encoding that nobody knows', [[400], [415], [501]], { pieces: [head(['transfer-encoding: gzip, identity', 'connection: close']), 'abc'], then: 'end' }),
    raw('chunked twice', [[200], [400]], { pieces: [head(['transfer-encoding: chunked, chunked', 'connection: close']), chunked(photo), last] }),
    raw('a transfer encoding behind a tab', [[200], [400]], { pieces: [head(['transfer-encoding:\tchunked', 'connection: close']), chunked(photo), last] }),
    raw('a space before a colon', [[400]], { pieces: [head(['content-length : 3']), 'abc'] }),
    raw('a header folded over two lines', [[400]], { pieces: [head(['x-folded: a', ' b', 'content-length: 0'])] }),
    raw('lines that end in a line feed alone', [[400]], { pieces: [head(['content-length: 0']).replaceAll('\r\n', '\n')] }),
    raw('no host', [[400]], { pieces: [`GET /v1/model HTTP/1.1\r\nx-api-key: ${key}\r\nconnection: close\r\n\r\n`] }),
    raw('two hosts', [[200], [400]], { pieces: [head(['host: y', 'connection: close'], 'GET /v1/model HTTP/1.1')] }),
    raw('HTTP/1.0', [[200]], { pieces: [head([], 'GET /v1/model HTTP/1.0')] }),
    raw('HTTP/9.9', [[400], [505]], { pieces: [head([], 'GET /v1/model HTTP/9.9')] }),
    raw('HTTP/2 without a word before', [[400]], { pieces: ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'] }),
    raw('TLS', [[400]], { pieces: [Buffer.from([0x16, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1, 3, 3]), noise(100, 8)] }),
    raw('a wish to be told to go on', [[100, 200]], { pieces: [head([`content-length: ${photo.length}`, 'expect: 100-continue', 'connection: close']), photo] }),
    raw('a wish that nobody can meet', [[417]], { pieces: [head(['content-length: 3', 'expect: a miracle', 'connection: close']), 'abc'] }),
    raw('a call by CONNECT', [[], [400], [404], [405]], { pieces: [head([], 'CONNECT elsewhere.example:443 HTTP/1.1')], then: 'end' }),
    raw('three requests in one piece', [[200, 200, 200]], { pieces: [Buffer.concat([whole, whole, finish])] }),
    raw('a request, and something that is none, in one piece', [[200, 400], [400]], { pieces: [Buffer.concat([whole, Buffer.from('NONSENSE\r\n\r\n')])] }),
    raw('a body that is shorter than it says', [[400], []], { pieces: [head([`content-length: ${photo.length + 1000}`]), photo], then: 'end' }),
    raw('a body that is longer than it says', [[422, 400], [400]], { pieces: [head(['content-length: 500']), photo] }),
    raw('NULs', [[400]], { pieces: [Buffer.alloc(1000)] }),
    raw('blank lines before a request', [[200]], { pieces: ['\r\n\r\n', finish] }),
    raw('half a request', [[400], []], { pieces: ['POST /v1/recog'], then: 'end' }),
  ]; // prettier-ignore
}

/** In pieces that grow: 1, 2, 3, … bytes. */
function cut(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, length = 1; at < bytes.length; at += length++) pieces.push(bytes.subarray(at, at + length));
  return pieces;
}
