import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaceHashError } from '@facehash/kernel';
import { anEvent } from '@facehash/messaging-core/testing';
import { apiKey, storageId } from '../testing/api.js';
import { Doors } from '../testing/doors.js';
import { base64Of, photoBytes } from '../testing/photos.js';

const doors = new Doors();
afterEach(() => doors[Symbol.asyncDispose]());

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

const recognise = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/${apiKey}`, { method: 'POST', body: base64Of(photoBytes()), headers });

describe('a call for a model with pods of its own', () => {
  it('is answered by these, whichever way the key came', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    expect(await (await recognise(door.url)).json()).toMatchObject({ foundFlag: 1, foundFace: 'Ann' });
    const body = photoBytes();
    for (const headers of [{ 'x-api-key': apiKey }, { authorization: `Bearer ${apiKey}` }]) {
      const response = await fetch(`${door.url}/v1/recognize`, {
        method: 'POST',
        body,
        headers: { ...headers, 'content-type': 'image/jpeg' },
      });
      expect([response.status, await response.json()]).toMatchObject([200, { faces: [{ person: { name: 'Ann' } }] }]);
    }
    expect(pods.recogniser.asked).toHaveLength(3);
    expect(door.recogniser.asked).toEqual([]);
  });

  it('gets their failures as they are, in the shape of its contract', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    pods.recogniser.nextError = new FaceHashError('OVERLOADED');
    const response = await recognise(door.url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ foundFlag: 0, code: 'OVERLOADED', requestId: response.headers.get('x-request-id') });
    const nobody = await fetch(`${door.url}/v1/people/per_nobody`, { headers: { 'x-api-key': apiKey } });
    expect([nobody.status, nobody.headers.get('content-type')]).toEqual([404, expect.stringContaining('application/problem+json')]);
  });

  it('takes photos in there', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    const body = JSON.stringify({ username: 'Ben', images: [base64Of(photoBytes(1)), base64Of(photoBytes(2))] });
    const response = await fetch(`${door.url}/${apiKey}/train`, {
      method: 'POST',
      body,
      headers: { prefer: 'respond-async', 'content-type': 'application/json' },
    });
    expect(response.status).toBe(202);
    expect(await pods.registry.counts(storageId)).toMatchObject({ people: 1 });
    expect(await door.registry.counts(storageId)).toMatchObject({ people: 0 });
  });

  it('streams in both directions, as it comes', async () => {
    const pods = await doors.played((request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      request.on('data', (chunk) => response.write(`got ${String(chunk)};`));
      request.on('end', () => response.end('end'));
    });
    const door = await doors.frontDoor(pods.url);
    const call = httpRequest(`${door.url}/${apiKey}`, { method: 'POST' });
    call.write('one');
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const chunks = response[Symbol.asyncIterator]();
    expect(String((await chunks.next()).value)).toBe('got one;');
    call.end('two');
    expect(String((await chunks.next()).value)).toContain('got two;');
  });

  it('carries events as they happen', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    const hungUp = new AbortController();
    const response = await fetch(`${door.url}/v1/events`, { headers: { 'x-api-key': apiKey }, signal: hungUp.signal });
    await pods.messaging.events.publish(anEvent('happened'));
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      if (text.includes('happened')) break;
    }
    hungUp.abort();
    expect(text).toContain('"id":"happened"');
  });

  it('brings what is meant for the other end and nothing of the connection', async () => {
    const seen: IncomingMessage[] = [];
    const pods = await doors.played((request, response) => {
      seen.push(request);
      response.writeHead(200, { connection: 'x-private', 'x-private': '1', 'x-public': '2', 'keep-alive': 'timeout=1' }).end('{}');
    });
    const door = await doors.frontDoor(pods.url);
    const headers = {
      authorization: `Bearer ${apiKey}`,
      connection: 'x-mine',
      'x-mine': '1',
      te: 'trailers',
      traceparent: '00-1-2-01',
      expect: '100-continue',
    };
    const call = httpRequest(`${door.url}/v1/model?x=1`, { headers });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    response.resume();
    expect([response.headers['x-public'], response.headers['x-private'], response.headers['keep-alive']]).toEqual([
      '2',
      undefined,
      expect.not.stringContaining('timeout=1'),
    ]);
    const [{ headers: passed, url } = { headers: {}, url: '' }] = seen;
    expect(passed).toMatchObject({
      'x-api-key': apiKey,
      'x-facehash-forwarded': '1',
      traceparent: '00-1-2-01',
      host: new URL(pods.url).host,
    });
    for (const name of ['authorization', 'x-mine', 'te', 'expect']) expect(passed).not.toHaveProperty(name);
    expect(url).toBe('/v1/model?x=1');
  });

  it('goes nowhere else, whatever its path looks like', async () => {
    const seen: (string | undefined)[] = [];
    const pods = await doors.played((request, response) => {
      seen.push(request.url);
      response.end('{}');
    });
    const door = await doors.frontDoor(pods.url);
    const call = httpRequest(door.url, { path: `/${apiKey}/?@127.0.0.2//`, method: 'POST' });
    call.end('x');
    await once(call, 'response');
    expect(seen).toEqual([`/${apiKey}/?@127.0.0.2//`]);
  });

  it('never comes with the mark of one that was handed on already', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    const response = await recognise(door.url, { 'x-facehash-forwarded': '1' });
    expect([response.status, await response.json()]).toMatchObject([400, { foundFlag: 0, errors: [{ path: 'x-facehash-forwarded' }] }]);
    expect((await recognise(pods.url, { 'x-facehash-forwarded': '1' })).status).toBe(200);
  });

  it('is not handed round where the address is a front door’s', async () => {
    const other = await doors.frontDoor('http://127.0.0.1:9');
    const door = await doors.frontDoor(other.url);
    expect((await recognise(door.url)).status).toBe(400);
  });

  it('is not handed on by the pods', async () => {
    const pods = await doors.listening({ dedicated: true });
    await pods.publish({ route: 'http://127.0.0.1:9' });
    expect((await recognise(pods.url)).status).toBe(200);
  });

  it('is refused for a while where nobody listens', async () => {
    const door = await doors.frontDoor('http://127.0.0.1:9');
    const response = await recognise(door.url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await response.json()).toMatchObject({ foundFlag: 0, foundFace: null, code: 'STORE_UNAVAILABLE' });
    expect((await recognise(door.url)).status).toBe(503);
  });

  it('is tried once more where nobody listened, with its whole body', async () => {
    const free = createTcpServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const door = await doors.frontDoor(`http://127.0.0.1:${port}`);
    const asked = fetch(`${door.url}/${apiKey}`, { method: 'POST', body: 'the whole body' });
    await sleep(40);
    const late = createServer((request, response) => void bodyOf(request).then((text) => response.end(text))).listen(port, '127.0.0.1');
    try {
      expect(await (await asked).text()).toBe('the whole body');
    } finally {
      late.close();
      late.closeAllConnections();
    }
  });

  it('fails where the pods go away before they answer, and breaks where they go in the middle', async () => {
    const pods = await doors.played((request, response) => {
      if (request.url?.startsWith('/v1') === true) response.write('half', () => response.destroy());
      else request.socket.destroy();
    });
    const door = await doors.frontDoor(pods.url);
    expect((await recognise(door.url)).status).toBe(503);
    const response = await fetch(`${door.url}/v1/model`, { headers: { 'x-api-key': apiKey } });
    await expect(response.text()).rejects.toThrow();
  });

  it('ends with the client', async () => {
    const gone = Promise.withResolvers<undefined>();
    const pods = await doors.played((request) => request.socket.once('close', () => gone.resolve(undefined)));
    const door = await doors.frontDoor(pods.url);
    const hungUp = new AbortController();
    const asked = fetch(`${door.url}/${apiKey}`, { method: 'POST', body: 'x', signal: hungUp.signal }).catch(() => undefined);
    await sleep(50);
    hungUp.abort();
    await Promise.all([asked, gone.promise]);
  });

  it('that is refused there before it was read is answered all the same', async () => {
    const pods = await doors.listening({ dedicated: true, limits: { imageBytesMax: 1024 } });
    const door = await doors.frontDoor(pods.url);
    const response = await fetch(`${door.url}/${apiKey}`, { method: 'POST', body: 'A'.repeat(8 * 1024 * 1024) });
    expect([response.status, await response.json()]).toMatchObject([413, { code: 'BODY_TOO_LARGE' }]);
  });

  it('is refused there while its body goes on, of which no more is read than of any other', async () => {
    const pods = await doors.listening({ dedicated: true, limits: { imageBytesMax: 1024 } });
    const door = await doors.frontDoor(pods.url);
    const client = connect(Number(new URL(door.url).port), '127.0.0.1');
    const closed = once(client, 'close').catch(() => undefined);
    let got = '';
    client.on('data', (chunk) => (got += String(chunk)));
    client.write(`POST /${apiKey} HTTP/1.1\r\nHost: door\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const chunk = `100000\r\n${'A'.repeat(1024 ** 2)}\r\n`;
    let sent = 0;
    for (; sent < 200 && !client.destroyed; sent++)
      if (!client.write(chunk)) await Promise.race([once(client, 'drain').catch(() => undefined), closed]);
    client.destroy();
    expect(got).toMatch(/^HTTP\/1\.1 413 /);
    expect(sent).toBeLessThan(200);
  });

  it.each([
    ['comes in chunks', (body: string) => ['Transfer-Encoding: chunked', '', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`]],
    ['hides its length', (body: string) => ['Connection: close, content-length', `Content-Length: ${body.length}`, '', body]],
  ])('is one call there, also where the body of a DELETE %s', async (_, framed) => {
    const seen: unknown[] = [];
    const pods = await doors.played((request, response) => {
      void bodyOf(request).then((text) => {
        seen.push([request.method, request.url, text]);
        response.end('{}');
      });
    });
    const door = await doors.frontDoor(pods.url);
    const client = connect(Number(new URL(door.url).port), '127.0.0.1');
    const body = 'GET /metrics HTTP/1.1\r\nHost: pods\r\n\r\n';
    client.write(['DELETE /v1/people/per_x HTTP/1.1', 'Host: door', `x-api-key: ${apiKey}`, ...framed(body)].join('\r\n'));
    await once(client, 'data');
    client.destroy();
    expect(seen).toEqual([['DELETE', '/v1/people/per_x', body]]);
  });

  it('counts against the bounds of the front door', async () => {
    const pods = await doors.played(() => undefined);
    const door = await doors.frontDoor(pods.url, { limits: { requestsMax: 1 } });
    const hungUp = new AbortController();
    const first = fetch(`${door.url}/${apiKey}`, { method: 'POST', body: 'x', signal: hungUp.signal }).catch(() => undefined);
    await sleep(50);
    expect(await (await recognise(door.url)).json()).toMatchObject({ code: 'OVERLOADED' });
    hungUp.abort();
    await first;
  });

  it('writes no key into the log', async () => {
    const pods = await doors.listening({ dedicated: true });
    const door = await doors.frontDoor(pods.url);
    await recognise(door.url);
    await door.publish({ route: 'http://127.0.0.1:9' });
    await recognise(door.url);
    const said = JSON.stringify([...door.logger.lines, ...pods.logger.lines], (_, value: unknown) =>
      value instanceof Error ? { message: value.message, cause: String(value.cause), own: Object.entries(value) } : value,
    );
    expect(said).toContain('STORE_UNAVAILABLE');
    expect(said).not.toContain(apiKey.slice(4, 20));
  });
});
