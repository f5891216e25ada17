import { encodeDocument, layout } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { aVersionSummary } from '@facehash/messaging-core/testing';
import { apiKey, storageId, testApi, type TestApi } from '../../testing/api.js';
import { activatedSchema, versionPageSchema, versionSchema } from './version-schemas.js';

const [old, young] = ['v-000000000001', 'v-000000000002'];

describe('/v1/versions', () => {
  let api: TestApi;
  let stop: AbortController;
  /** What the controller was asked for, in order. */
  let commands: unknown[];
  beforeEach(async () => {
    api = await testApi();
    stop = new AbortController();
    commands = [];
    await store(old, '2026-01-01T00:00:00.000Z');
    await store(young, '2026-01-02T00:00:00.000Z');
    await api.publish({ active: aVersionSummary({ name: young }) });
  });
  afterEach(async () => {
    stop.abort();
    await api[Symbol.asyncDispose]();
  });

  const store = async (version: string, trainedAt: string) => {
    const parts = [];
    for (const [name, text] of Object.entries({ 'report.json': `{"version":"${version}"}`, 'report.html': `<p>${version}</p>` })) {
      const bytes = new TextEncoder().encode(text);
      await api.objects.create(layout.part(storageId, sha256Hex(bytes)), bytes);
      parts.push({ name, sha256: sha256Hex(bytes), sizeBytes: bytes.length });
    }
    const manifest = aManifestOfVersion({ version, storageId, trainedAt, parts });
    await api.objects.create(layout.manifest(storageId, version), encodeDocument(manifest));
  };

  /** Records activations as the controller does. */
  const control = (): void => {
    void api.messaging.commands.consume(async (command) => {
      commands.push(command);
      if (command.kind !== 'activate') return;
      await api.publish({ activation: command.version === null ? null : { version: command.version, at: '2026-02-01T00:00:00.000Z' } });
    }, stop.signal);
  };

  const ask = async (method: 'GET' | 'POST' | 'DELETE', path = '', headers: Record<string, string> = {}) => {
    const response = await api.app.inject({ method, url: `/v1/versions${path}`, headers: { 'x-api-key': apiKey, ...headers } });
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      json: () => response.json<Record<string, unknown>>(),
    };
  };

  it('lists what is stored, newest first and page by page, and says which answers', async () => {
    const first = versionPageSchema.parse((await ask('GET', '?limit=1')).json());
    expect(first.items).toMatchObject([{ name: young, active: true, activated: false, pinned: false }]);
    const second = versionPageSchema.parse((await ask('GET', `?limit=1&cursor=${first.next ?? ''}`)).json());
    expect(second).toMatchObject({ items: [{ name: old, active: false, snapshot: 1, evaluation: { rank1: 1 } }], next: null });
    expect(await ask('GET', '?cursor=nonsense')).toMatchObject({ status: 400 });
  });

  it('tells of one, with what holds it', async () => {
    await api.publish({ pin: old, activation: { version: young, at: '2026-02-01T00:00:00.000Z' } });
    expect(versionSchema.parse((await ask('GET', `/${old}`)).json())).toMatchObject({ name: old, pinned: true, activated: false });
    expect((await ask('GET', `/${young}`)).json()).toMatchObject({ pinned: false, activated: true });
  });

  it.each([
    ['GET', '/v-none'],
    ['GET', '/..%2Factive.json'],
    ['GET', '/v-none/report'],
    ['GET', '/v-none/report.html'],
    ['POST', '/v-none/activate'],
    ['DELETE', '/v-none/activate'],
  ] as const)('%s %s is a problem: there is no such version', async (method, path) => {
    const { status, json } = await ask(method, path);
    expect([status, json()['code']]).toEqual([404, 'VERSION_NOT_FOUND']);
  });

  it('has the report as a page that may do nothing, or as JSON, by suffix or by accept', async () => {
    const browser = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' };
    for (const page of [await ask('GET', `/${old}/report.html`), await ask('GET', `/${old}/report`, browser)]) {
      expect([page.status, page.text]).toEqual([200, `<p>${old}</p>`]);
      expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' });
      expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'.*sandbox/);
    }
    for (const json of [
      await ask('GET', `/${old}/report.json`),
      await ask('GET', `/${old}/report`),
      await ask('GET', `/${old}/report.json`, browser),
    ]) {
      expect([json.status, json.json()]).toEqual([200, { version: old }]);
      expect(json.headers['content-type']).toBe('application/json; charset=utf-8');
    }
    expect((await ask('GET', `/${old}/report`)).headers['vary']).toBe('accept');
  });

  it('has an older one answer from the moment when that is recorded', async () => {
    control();
    const { status, headers, json } = await ask('POST', `/${old}/activate`);
    expect([status, headers['location']]).toEqual([202, '/v1/model']);
    expect(activatedSchema.parse(json())).toEqual({ version: old, at: '2026-02-01T00:00:00.000Z', pin: null });
    expect(commands).toMatchObject([{ kind: 'activate', storageId, version: old }]);
    const model = await api.app.inject({ method: 'GET', url: '/v1/model', headers: { 'x-api-key': apiKey } });
    expect(model.json()).toMatchObject({ activation: { version: old }, pin: null });
  });

  it('says that the resource pins another one', async () => {
    control();
    await api.publish({ pin: young });
    expect((await ask('POST', `/${old}/activate`)).json()).toMatchObject({ version: old, pin: young });
  });

  it('takes an activation back, and does nothing where there is none', async () => {
    control();
    expect((await ask('DELETE', `/${old}/activate`)).status).toBe(204);
    expect(commands).toEqual([]);
    await ask('POST', `/${old}/activate`);
    expect((await ask('DELETE', `/${young}/activate`)).status).toBe(204);
    expect(await ask('DELETE', `/${old}/activate`)).toMatchObject({ status: 204, text: '' });
    expect(commands).toMatchObject([{ version: old }, { version: null }]);
  });

  it('acknowledges nothing that is not recorded', async () => {
    await api[Symbol.asyncDispose]();
    api = await testApi({ limits: { requestTimeoutMs: 50 } });
    await store(old, '2026-01-01T00:00:00.000Z');
    expect(await ask('POST', `/${old}/activate`)).toMatchObject({ status: 504 });
  });

  it('tells when the store is away', async () => {
    api.objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    expect(await ask('GET', `/${old}`)).toMatchObject({ status: 503 });
  });
});
