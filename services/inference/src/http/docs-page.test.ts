import { testApi, type TestApi } from '../testing/api.js';

describe('/docs', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await testApi();
  });
  afterEach(() => api[Symbol.asyncDispose]());

  const get = (url: string) => api.app.inject({ method: 'GET', url });

  it('is a page whose every part comes from this server, which the browser is told', async () => {
    const page = await get('/docs');
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(page.body).not.toMatch(/https?:/);
    const parts = [...page.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((m) => m[1] ?? '');
    expect(parts).toHaveLength(3);
    for (const part of parts) {
      const { statusCode, headers, body } = await get(part);
      expect([part, statusCode, headers['x-content-type-options']]).toEqual([part, 200, 'nosniff']);
      expect(headers['content-type']).toMatch(part.endsWith('.css') ? /^text\/css/ : /^text\/javascript/);
      expect(body.length).toBeGreaterThan(50);
    }
  });

  it('shows the document of this API and asks nobody else to validate it', async () => {
    const { body } = await get('/docs/start.js');
    expect(body).toContain("url: '/openapi.json'");
    expect(body).toContain('validatorUrl: null');
    expect((await get('/openapi.json')).statusCode).toBe(200);
  });

  it.each(['/docs/index.html', '/docs/..%2Fpackage.json', '/docs/package.json'])('serves nothing else of the package: %s', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });
});
