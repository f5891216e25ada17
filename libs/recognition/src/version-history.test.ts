import { encodeDocument, layout, type VersionManifest } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { openVersionHistory } from './version-history.js';

const storageId = aManifestOfVersion().storageId;

const { signal } = new AbortController();

describe('the history of a model', () => {
  const objects = new InMemoryObjectStore();
  const history = openVersionHistory(objects);
  const store = async (overrides: Partial<VersionManifest>): Promise<void> => {
    const manifest = aManifestOfVersion(overrides);
    await objects.create(layout.manifest(storageId, manifest.version), encodeDocument(manifest));
  };

  beforeAll(async () => {
    for (const [i, version] of ['v-c', 'v-a', 'v-d', 'v-b'].entries())
      await store({ version, trainedAt: `2026-01-0${i + 1}T00:00:00.000Z` });
    await objects.create(layout.manifest(storageId, 'v-broken'), new TextEncoder().encode('{'));
    const page = new TextEncoder().encode('<p>good</p>');
    await objects.create(layout.part(storageId, sha256Hex(page)), page);
    await store({
      version: 'v-e',
      trainedAt: '2026-01-04T00:00:00.000Z',
      parts: [{ name: 'report.html', sha256: sha256Hex(page), sizeBytes: 11 }],
    });
  });

  it('is listed newest first, page by page, without what is damaged', async () => {
    const seen: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const { items, next } = await history.list(storageId, { limit: 2, ...(after === undefined ? {} : { after }) }, signal);
      seen.push(...items.map((v) => v.version));
      expect(items.length).toBeLessThanOrEqual(2);
      after = next;
    }
    expect(seen).toEqual(['v-e', 'v-b', 'v-d', 'v-a', 'v-c']);
    expect(await history.list('fm-empty', { limit: 2 }, signal)).toEqual({ items: [], next: null });
  });

  it('tells of one version, without the people in it', async () => {
    const version = await history.version(storageId, 'v-a', signal);
    expect(version).toMatchObject({ version: 'v-a', evaluation: { rank1: 1 } });
    expect(JSON.stringify(version)).not.toContain('per_');
  });

  it.each(['v-none', 'v-broken', '../active.json', '', 'v-a/manifest.json'])('has no version %j', async (name) => {
    await expect(history.version(storageId, name, signal)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    await expect(history.report({ storageId, name }, 'report.json', signal)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  });

  it('has the report of a version that was trained with one', async () => {
    expect(new TextDecoder().decode(await history.report({ storageId, name: 'v-e' }, 'report.html', signal))).toBe('<p>good</p>');
    await expect(history.report({ storageId, name: 'v-a' }, 'report.html', signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('is no shorter because the store is away', async () => {
    objects.nextError = new FaceHashError('STORE_UNAVAILABLE');
    await expect(history.version(storageId, 'v-a', signal)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
