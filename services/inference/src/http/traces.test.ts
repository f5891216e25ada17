import { RecordingLogger } from '@facehash/kernel/testing';
import { openTracer } from '@facehash/observability';
import { otlpReceiver, type OtlpReceiver } from '@facehash/testing';
import { apiKey, storageId, testApi, unknownKey, type TestApi } from '../testing/api.js';
import { base64Of, photoBytes } from '../testing/photos.js';

const username = 'Canary Person';

/** The spans of what `work` asked for, and everything that was written down meanwhile. */
async function traced(work: (api: TestApi) => Promise<void>): Promise<{ readonly receiver: OtlpReceiver; readonly api: TestApi }> {
  await using receiver = await otlpReceiver();
  const tracer = await openTracer({ endpoint: receiver.endpoint, name: 'inference', logger: new RecordingLogger() });
  const api = await testApi({ tracer });
  await work(api);
  await api[Symbol.asyncDispose]();
  await tracer.close();
  return { receiver, api };
}

describe('the trace of a request', () => {
  it('goes by the template of its route, belongs to the caller’s, and stands in its line of the log', async () => {
    const { receiver, api } = await traced(async ({ app }) => {
      const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
      await app.inject({ method: 'POST', url: `/${apiKey}`, headers, payload: base64Of(photoBytes()) });
    });
    expect(receiver.spans).toMatchObject([
      {
        name: 'POST /{apiKey}',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        parentSpanId: 'b7ad6b7169203331',
        attributes: { 'http.route': '/{apiKey}', 'http.response.status_code': 200, 'facehash.model': storageId },
      },
    ]);
    expect(api.logger.lines.find(({ message }) => message === 'request')?.fields['traceId']).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it('holds each photo that it takes in', async () => {
    const { receiver } = await traced(async ({ app }) => {
      const payload = { username, images: [base64Of(photoBytes(1)), base64Of(photoBytes(2))] };
      await app.inject({ method: 'POST', url: '/train', headers: { 'x-api-key': apiKey, prefer: 'respond-async' }, payload });
    });
    const request = receiver.spans.find(({ name }) => name === 'POST /train');
    const intakes = receiver.spans.filter(({ name }) => name === 'photo.intake');
    expect(intakes.map(({ parentSpanId }) => parentSpanId)).toEqual([request?.spanId, request?.spanId]);
  });

  it('is not kept of probes', async () => {
    const { receiver } = await traced(async ({ app }) => {
      await app.inject({ method: 'GET', url: '/health/live' });
      await app.inject({ method: 'GET', url: '/metrics' });
    });
    expect(receiver.spans).toEqual([]);
  });
});

describe('a key in the path, the query, the headers and the body of every call that there is', () => {
  it('is in no log line, no metric and no span, and neither are names and photos', async () => {
    const photo = base64Of(photoBytes());
    const rendered: string[] = [];
    const { receiver, api } = await traced(async (asked) => {
      const everything = asked.app.getHttpAdapter().getInstance();
      const paths = Object.entries(JSON.parse((await everything.inject('/openapi.json')).body).paths as Record<string, object>);
      for (const [template, methods] of paths) {
        for (const method of Object.keys(methods)) await everyPlace(asked, method.toUpperCase(), template, photo);
      }
      rendered.push(await asked.metrics.render());
    });
    const logged = JSON.stringify(api.logger.lines, (_, value: unknown) =>
      value instanceof Error ? { message: value.message, stack: value.stack, own: Object.entries(value) } : value,
    );
    expect(api.logger.lines.length).toBeGreaterThan(50);
    expect(receiver.spans.length).toBeGreaterThan(50);
    for (const text of [logged, receiver.received, ...rendered]) {
      expect(text).toContain('/{apiKey}/train');
      for (const secret of [apiKey.slice(4, 20), unknownKey.slice(4, 20), username, photo.slice(0, 40)]) expect(text).not.toContain(secret);
    }
  });
});

async function everyPlace({ app }: TestApi, method: string, template: string, photo: string): Promise<void> {
  const bodies = [photo, JSON.stringify({ username, name: username, images: [photo], image: photo }), JSON.stringify({ [apiKey]: apiKey })];
  const payloads = method === 'GET' || method === 'DELETE' ? [undefined] : bodies;
  for (const key of [apiKey, unknownKey]) {
    const url = template.replace(/\{\w+\}/g, key);
    for (const payload of payloads) {
      const headers = {
        'x-api-key': key,
        authorization: `Bearer ${key}`,
        referer: `http://x/${key}`,
        traceparent: key,
        prefer: 'respond-async',
      };
      const type = payload?.startsWith('{') ? { 'content-type': 'application/json' } : {};
      const asked = app.inject({
        method: method as 'GET',
        url: `${url}?key=${key}`,
        headers: { ...headers, ...type, baggage: `key=${key}` },
        ...(payload === undefined ? {} : { payload }),
        // A stream has no end of its own.
        ...(template === '/v1/events' ? { signal: AbortSignal.timeout(200) } : {}),
      });
      await (template === '/v1/events' ? asked.catch(() => undefined) : asked);
    }
  }
}
