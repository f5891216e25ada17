import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { FaceHashError, systemClock, systemRandom } from '@facehash/kernel';
import { createManagementApp } from './app.js';
import { apiKey, testApi, unknownKey, type TestApi } from '../testing/api.js';
import { base64Of, photoBytes } from '../testing/photos.js';

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api[Symbol.asyncDispose]());

describe('an address', () => {
  it.each([
    ['GET', '/nothing/here', 404, 'NOT_FOUND', undefined],
    ['POST', '/v1/nothing/here/at/all', 404, 'NOT_FOUND', undefined],
    ['GET', '/v1/recognize', 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['DELETE', '/v1/people', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD, POST'],
    ['PUT', '/v1/people/per_1/photos', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD, POST'],
    ['DELETE', '/', 405, 'METHOD_NOT_ALLOWED', 'GET, HEAD, POST'],
    ['GET', '/page/nothing.js', 404, 'NOT_FOUND', undefined],
    ['GET', '/page/..%2fpackage.json', 404, 'NOT_FOUND', undefined],
    ['GET', `/${unknownKey}`, 405, 'METHOD_NOT_ALLOWED', 'POST'],
    ['GET', '/favicon.ico', 404, 'NOT_FOUND', undefined],
    ['GET', `/${unknownKey}/photos`, 404, 'NOT_FOUND', undefined],
  ] as const)('%s %s gets %d', async (method, url, status, code, allow) => {
    const response = await api.app.inject({ method, url });
    expect(response.json()).toMatchObject({
      type: `urn:facehash:problem:${code}`,
      status,
      code,
      requestId: response.headers['x-request-id'],
    });
    expect([response.statusCode, response.headers['allow']]).toEqual([status, allow]);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.body).not.toContain('fhk_');
  });

  it('that cannot be read gets 400 and no quote', async () => {
    const response = await api.app.inject({ method: 'POST', url: `/%ff${apiKey}` });
    expect(response.statusCode).toBe(400);
    expect(response.body).not.toContain('fhk_');
  });

  it('that is far too long for a key gets 404', async () => {
    expect((await api.app.inject({ method: 'POST', url: `/${'k'.repeat(3000)}` })).statusCode).toBe(404);
  });
});

describe('what is written down of a request', () => {
  const everyWay: readonly (readonly [method: 'GET' | 'POST', url: string, headers?: Record<string, string>])[] = [
    ['POST', `/${apiKey}`],
    ['POST', `/${apiKey}/train`],
    ['POST', `/${unknownKey}`],
    ['GET', `/${apiKey}`],
    ['GET', `/${apiKey}/nothing`],
    ['POST', `/%ff${apiKey}`],
    ['POST', `/${apiKey}?key=${apiKey}`],
    ['POST', '/', { 'x-api-key': apiKey, referer: `http://x/${apiKey}`, 'user-agent': apiKey }],
    ['GET', `/v1/people?limit=${apiKey}`, { authorization: `Bearer ${apiKey}` }],
    ['GET', `/v1/people/${apiKey}`, { 'x-api-key': apiKey }],
  ];

  it('never holds the key, whatever goes wrong and wherever it was', async () => {
    const text = base64Of(photoBytes());
    const bodies = [text, '{"username": "x", "images": ["!"]}', 'nonsense', `{"${apiKey}": 1}`];
    for (const [method, url, headers = {}] of everyWay) {
      for (const payload of method === 'GET' ? [''] : bodies) {
        for (const error of [undefined, new FaceHashError('OVERLOADED'), new Error('unforeseen')]) {
          api.recogniser.nextError = error;
          await api.app.inject({ method, url, headers: { prefer: 'respond-async', ...headers }, ...(payload === '' ? {} : { payload }) });
        }
      }
    }
    const logged = JSON.stringify(api.logger.lines, (_, value: unknown) =>
      value instanceof Error ? { message: value.message, stack: value.stack, own: Object.entries(value) } : value,
    );
    expect(api.logger.lines.length).toBeGreaterThan(40);
    for (const key of [apiKey, unknownKey]) expect(logged).not.toContain(key.slice(4, 20));
    const metrics = await api.metrics.render();
    expect(metrics).toContain('route="/{apiKey}/train"');
    expect(metrics).not.toContain('fhk_');
    expect(metrics).not.toContain(apiKey.slice(4, 20));
  });

  it('is one line with the route, the status and the time', async () => {
    await api.app.inject({ method: 'POST', url: `/${apiKey}`, payload: base64Of(photoBytes()) });
    const line = api.logger.lines.find((l) => l.message === 'request');
    expect(line?.fields).toMatchObject({
      method: 'POST',
      route: '/{apiKey}',
      status: 200,
      storageId: 'fm-0001-test',
      ms: expect.any(Number) as unknown,
    });
    expect(line?.fields['requestId']).toMatch(/^req_/);
  });

  it('of probes is nothing but at the level debug', async () => {
    await api.app.inject({ method: 'GET', url: '/health/live' });
    expect(api.logger.lines.filter((l) => l.message === 'request').map((l) => l.level)).toEqual(['debug']);
  });

  it('says what failed on our side, once', async () => {
    api.recogniser.nextError = new Error('unforeseen');
    await api.app.inject({ method: 'POST', url: `/${apiKey}`, payload: base64Of(photoBytes()) });
    expect(api.logger.lines.filter((l) => l.level === 'error')).toHaveLength(1);
  });
});

describe('health', () => {
  const get = async (path: string) => {
    const response = await api.app.inject({ method: 'GET', url: `/health/${path}` });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  };

  it('is live from the start, but not ready before the inference at the start', async () => {
    expect(await get('live')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await get('ready')).toMatchObject({
      status: 503,
      body: { status: 'error', error: { selfTest: { status: 'down' } }, info: { directory: { status: 'up' }, vision: { status: 'up' } } },
    });
    expect((await get('startup')).status).toBe(503);
    api.readiness.selfTestPassed();
    expect(await get('ready')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect((await get('startup')).status).toBe(200);
  });

  it('is not ready any more as soon as the replica drains, but live and started', async () => {
    api.readiness.selfTestPassed();
    api.readiness.drain();
    expect(await get('ready')).toMatchObject({ status: 503, body: { error: { accepting: { status: 'down' } } } });
    expect((await get('live')).status).toBe(200);
    expect((await get('startup')).status).toBe(200);
  });

  it('and metrics are there on a port of their own, and nothing else', async () => {
    const { readiness, metrics, logger } = api;
    const app = await createManagementApp({ readiness, metrics, logger, clock: systemClock, random: systemRandom });
    expect((await app.inject({ method: 'GET', url: '/health/live' })).statusCode).toBe(200);
    const scrape = await app.inject({ method: 'GET', url: '/metrics' });
    expect(scrape.headers['content-type']).toMatch(/^text\/plain/);
    expect(scrape.body).toContain('facehash_http_request_duration_seconds');
    expect((await app.inject({ method: 'POST', url: '/', payload: 'x' })).json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    await app.close();
  });
});

describe('over a real connection', () => {
  let port: number;
  beforeEach(async () => {
    await api.app.listen(0, '127.0.0.1');
    port = Number(new URL(await api.app.getUrl()).port);
  });

  it('a body over the limit gets its answer at once, and is dropped without a reset', async () => {
    const socket = await connected(port);
    const size = 30 * 1024 ** 2;
    socket.write(`POST /${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n`);
    const answer = await head(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('"foundFlag":0,"foundFace":null,"code":"BODY_TOO_LARGE"');
    // A client that reads nothing before it has sent everything is not cut off.
    const failures: Error[] = [];
    socket.on('error', (error) => failures.push(error));
    for (let sent = 0; sent < size; sent += 1024 ** 2) {
      if (!socket.write(Buffer.alloc(1024 ** 2))) await once(socket, 'drain');
    }
    await once(socket, 'end');
    expect(failures).toEqual([]);
    socket.destroy();
  });

  it('a large body behind a wrong key gets its 401 before it was sent', async () => {
    const socket = await connected(port);
    socket.write(`POST /${unknownKey}/train HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`);
    expect(await head(socket)).toMatch(/^HTTP\/1\.1 401 [\s\S]*"trainingSuccess":0/);
    socket.destroy();
  });

  it('a small refused body leaves the connection open for the next request', async () => {
    const socket = await connected(port);
    const ask = (path: string, body: Buffer) => {
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    };
    ask(`/${unknownKey}`, Buffer.alloc(200_000));
    expect(await head(socket)).toMatch(/^HTTP\/1\.1 401 /);
    ask(`/${apiKey}`, photoBytes());
    expect(await head(socket)).toMatch(/^HTTP\/1\.1 200 [\s\S]*"foundFlag":1/);
    socket.destroy();
  });

  it('what is no HTTP gets a problem document', async () => {
    const socket = await connected(port);
    socket.write(`NONSENSE /${apiKey}\r\n\r\n`);
    const answer = await head(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"REQUEST_INVALID"/);
    expect(answer).not.toContain('fhk_');
    socket.destroy();
  });

  it('a request that names no host, and one that expects a miracle, get problem documents', async () => {
    for (const [text, status] of [
      ['GET /v1/model HTTP/1.1\r\n\r\n', 400],
      ['POST / HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\ncontent-length: 1\r\n\r\nx', 417],
    ] as const) {
      const socket = await connected(port);
      socket.write(text);
      const answer = await head(socket);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*"code":"REQUEST_INVALID"`));
      expect(answer).toMatch(/content-type: application\/problem\+json/);
      socket.destroy();
    }
    const old = await connected(port);
    old.write('GET /health/live HTTP/1.0\r\n\r\n');
    expect(await head(old)).toMatch(/^HTTP\/1\.1 200 /);
    old.destroy();
  });

  it('what is no HTTP, behind a request, is answered behind the answer to that', async () => {
    let open = (): void => undefined;
    api.recogniser.gate = new Promise((resolve) => (open = resolve));
    const socket = await connected(port);
    const photo = photoBytes();
    const request = `POST /${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: ${photo.length}\r\n\r\n`;
    socket.write(Buffer.concat([Buffer.from(request), photo, Buffer.from('NONSENSE\r\n\r\n')]));
    while (api.recogniser.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write('MORE OF IT\r\n\r\n');
    open();
    const statuses = [...(await everything(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['200', '400']);
  });

  it('a request that has its answer before it was whole gets no second one when it breaks off', async () => {
    const socket = await connected(port);
    socket.write(`POST /${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000000\r\n\r\nabc`);
    const answer = await head(socket);
    socket.end();
    expect(answer + (await everything(socket))).toMatch(/^HTTP\/1\.1 413 (?![\s\S]*HTTP)/);
  });

  it('a body that drips is given up after the timeout for uploads, however short that is', async () => {
    await using impatient = await testApi({ limits: { uploadTimeoutMs: 200 } });
    await impatient.app.listen(0, '127.0.0.1');
    const socket = await connected(Number(new URL(await impatient.app.getUrl()).port));
    socket.on('error', () => undefined);
    socket.write(`POST /${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: 100000\r\n\r\n`);
    const drip = setInterval(() => socket.write('x'), 20);
    try {
      expect(await everything(socket)).toMatch(/^HTTP\/1\.1 408 [\s\S]*took too long to arrive/);
    } finally {
      clearInterval(drip);
    }
  });

  it('a header that is far too large gets 431', async () => {
    const socket = await connected(port);
    socket.write(`POST / HTTP/1.1\r\nhost: x\r\nx-large: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(await head(socket)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"status":431/);
    socket.destroy();
  });

  it('a client that hangs up in the middle of its body leaves nothing behind but a line in the log', async () => {
    const socket = await connected(port);
    socket.write(
      `POST /${apiKey}/train HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"username": "Ann", "images": ["${base64Of(photoBytes())}", "`,
    );
    while ((await api.registry.counter('fm-0001-test')) < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while (!api.logger.lines.some((l) => l.message === 'the client hung up')) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(api.logger.lines.filter((l) => l.level === 'error' || l.level === 'warn')).toEqual([]);
    expect(
      await (await fetch(`http://127.0.0.1:${port}/${apiKey}`, { method: 'POST', body: base64Of(photoBytes()) })).json(),
    ).toMatchObject({ foundFlag: 1 });
  });

  it('a draining replica closes connections with its answers', async () => {
    api.readiness.drain();
    const socket = await connected(port);
    socket.write(`GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n`);
    expect(await head(socket)).toMatch(/connection: close/i);
    socket.destroy();
  });
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** All that comes until the server closes. */
async function everything(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
}

/** The head of an answer and what came of its body with it. */
async function head(socket: Socket): Promise<string> {
  let text = '';
  while (!/\r\n\r\n[\s\S]+/.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}
