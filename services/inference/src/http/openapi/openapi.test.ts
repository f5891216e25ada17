import { readFile, writeFile } from 'node:fs/promises';
import { testApi } from '../../testing/api.js';

const committed = new URL('../../../openapi.json', import.meta.url);

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>;
  readonly security?: unknown[];
}

describe('the API document', () => {
  it('is the committed one (UPDATE_OPENAPI=1 writes it)', async () => {
    await using api = await testApi();
    const served = (await api.app.inject({ method: 'GET', url: '/openapi.json' })).json<unknown>();
    if (process.env['UPDATE_OPENAPI'] === '1') await writeFile(committed, `${JSON.stringify(served, null, 2)}\n`);
    expect(JSON.parse(await readFile(committed, 'utf8'))).toEqual(served);
  });

  it('is OpenAPI 3.1 whose references all lead somewhere', async () => {
    await using api = await testApi();
    const document = (await api.app.inject({ method: 'GET', url: '/openapi.json' })).json<{
      openapi: string;
      components: { schemas: Record<string, unknown> };
    }>();
    expect(document.openapi).toMatch(/^3\.1\./);
    const references = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((m) => m[1]));
    expect([...references].filter((name) => name === undefined || !(name in document.components.schemas))).toEqual([]);
    expect(references.size).toBeGreaterThan(10);
    expect(Object.keys(document.components.schemas).filter((name) => !references.has(name))).toEqual([]);
  });

  it('has every call of the API, each with an id of its own, its failures, and a way to bring the key', async () => {
    await using api = await testApi();
    const { paths } = (await api.app.inject({ method: 'GET', url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, Operation>>;
    }>();
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ call: `${method.toUpperCase()} ${path}`, operation })),
    );
    expect(operations.map((o) => o.call).sort()).toEqual(
      [
        'POST /',
        'POST /{apiKey}',
        'POST /train',
        'POST /{apiKey}/train',
        'POST /v1/recognize',
        'POST /v1/detect',
        'POST /v1/verify',
        'GET /v1/people',
        'POST /v1/people',
        'GET /v1/people/{id}',
        'PATCH /v1/people/{id}',
        'GET /v1/people/{id}/photos',
        'POST /v1/people/{id}/photos',
        'DELETE /v1/people/{id}',
        'GET /v1/people/{id}/photos/{photoId}',
        'DELETE /v1/people/{id}/photos/{photoId}',
        'GET /v1/erasures',
        'GET /v1/erasures/{id}',
        'GET /v1/model',
        'POST /v1/model/train',
        'GET /v1/events',
        'GET /v1/versions',
        'GET /v1/versions/{version}',
        'GET /v1/versions/{version}/report',
        'GET /v1/versions/{version}/report.html',
        'GET /v1/versions/{version}/report.json',
        'POST /v1/versions/{version}/activate',
        'DELETE /v1/versions/{version}/activate',
      ].sort(),
    );
    expect(new Set(operations.map((o) => o.operation.operationId)).size).toBe(operations.length);
    for (const { call, operation } of operations) {
      expect([call, Object.keys(operation.responses)]).toEqual([call, expect.arrayContaining(['401', '503'])]);
      expect([call, operation.security?.length ?? 0]).toEqual([call, call.includes('{apiKey}') ? 0 : 2]);
    }
  });
});
