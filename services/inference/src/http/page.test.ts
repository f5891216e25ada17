import { testApi, type TestApi } from '../testing/api.js';

let api: TestApi;
beforeEach(async () => {
  api = await testApi();
});
afterEach(() => api[Symbol.asyncDispose]());

describe('the page', () => {
  it('is there without a key, and everything that it names is there as well', async () => {
    const page = await api.app.inject({ method: 'GET', url: '/' });
    expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const named = [...page.body.matchAll(/(?:src|href)="(\/[^"#]*)"/g)].flatMap(([, url]) => (url === undefined ? [] : [url]));
    expect(new Set(named)).toEqual(new Set(['/page/icon.svg', '/page/page.css', '/page/main.js']));
    const imported = [...(await get('/page/main.js')).body.matchAll(/from '\.(\/[^']+)'/g)].map(([, name]) => `/page${name ?? ''}`);
    expect(imported.length).toBeGreaterThan(5);
    for (const url of [...named, ...imported, '/page/report.html', '/page/report.js']) {
      expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
    }
  });

  it('runs and loads nothing but what this server has, under a policy that holds no exception', async () => {
    for (const url of ['/', '/page/main.js', '/page/page.css']) {
      const { headers } = await get(url);
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self';");
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    }
  });

  it('is not sent again to who has it', async () => {
    const { headers } = await get('/page/page.css');
    expect(headers['cache-control']).toBe('no-cache');
    const again = await api.app.inject({
      method: 'GET',
      url: '/page/page.css',
      headers: { 'if-none-match': `"other", W/${String(headers.etag)}` },
    });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    const changed = await api.app.inject({ method: 'GET', url: '/page/page.css', headers: { 'if-none-match': '"other"' } });
    expect(changed.statusCode).toBe(200);
  });

  it('leaves the ancestor’s call at the same address alone', async () => {
    expect((await api.app.inject({ method: 'POST', url: '/' })).statusCode).toBe(401);
  });

  function get(url: string) {
    return api.app.inject({ method: 'GET', url });
  }
});
