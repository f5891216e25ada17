import { encodeDocument, layout } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { sha256Hex } from '@facehash/kernel';
import type { Keep } from '@facehash/lifecycle';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { sweep } from './sweep.js';

const storageId = 'fm-0001-test';
const signal = new AbortController().signal;
const stillOurs = async (): Promise<void> => undefined;
const keep: Keep = { versions: ['v-active'], others: 1, without: [], snapshotsFrom: 7, reports: ['v-active'] };

async function aModel(): Promise<InMemoryObjectStore> {
  const objects = new InMemoryObjectStore();
  const versions: (readonly [version: string, day: number, people: readonly string[]])[] = [
    ['v-oldest', 1, ['per_ann']],
    ['v-middle', 2, ['per_ann', 'per_ben']],
    ['v-newer', 3, ['per_ben']],
    ['v-active', 4, ['per_ben']],
  ];
  for (const [version, day, people] of versions) {
    const own = { name: 'weights.bin', sha256: sha256Hex(version), sizeBytes: 1 };
    const shared = { name: 'model.json', sha256: sha256Hex('shared'), sizeBytes: 1 };
    const manifest = aManifestOfVersion({ version, storageId, people: [...people], trainedAt: `2026-01-0${day}`, parts: [own, shared] });
    await objects.create(layout.manifest(storageId, version), encodeDocument(manifest));
    for (const { sha256 } of manifest.parts) await objects.create(layout.part(storageId, sha256), new Uint8Array(1));
    await objects.create(layout.runReport(storageId, `${version}-g1-a1`), new Uint8Array(1));
  }
  for (const counter of [5, 6, 7, 8]) await objects.create(layout.samples(storageId, counter), new Uint8Array(1));
  for (const key of [
    layout.latestSamples(storageId),
    layout.part(storageId, sha256Hex('left by a failed run')),
    layout.photo(storageId, 'per_ben', sha256Hex('photo')),
    layout.features(storageId, 'p1', sha256Hex('photo')),
    layout.active(storageId),
    layout.active('fm-0002-test'),
  ]) {
    await objects.create(key, new Uint8Array(1));
  }
  return objects;
}

async function keys(objects: InMemoryObjectStore, part: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of objects.list(`${storageId}/${part}`)) found.push(key.slice(storageId.length + part.length + 1));
  return found;
}

const manifests = (...versions: string[]) => versions.map((version) => `${version}/manifest.json`);

describe('sweeping a model', () => {
  it('keeps the named versions and the newest others, with their parts, and nothing of the rest', async () => {
    const objects = await aModel();
    await sweep({ objects, storageId, stillOurs }, keep, signal);
    expect(await keys(objects, 'versions/')).toEqual(manifests('v-active', 'v-newer'));
    expect(await keys(objects, 'parts/')).toEqual(['shared', 'v-active', 'v-newer'].map((content) => sha256Hex(content)).sort());
    expect(await keys(objects, 'samples/')).toEqual(['7.json', '8.json', 'latest.json']);
    expect(await keys(objects, 'runs/')).toEqual(['v-active-g1-a1/report.json']);
  });

  it('keeps no version that lists somebody who is being erased, named or not', async () => {
    const objects = await aModel();
    await sweep(
      { objects, storageId, stillOurs },
      { ...keep, versions: ['v-middle'], others: 5, without: ['per_ann'], reports: [] },
      signal,
    );
    expect(await keys(objects, 'versions/')).toEqual(manifests('v-active', 'v-newer'));
    expect(await keys(objects, 'runs/')).toEqual([]);
  });

  it('leaves photos, stages, pointers and other models alone, and can be repeated', async () => {
    const objects = await aModel();
    await sweep({ objects, storageId, stillOurs }, keep, signal);
    await sweep({ objects, storageId, stillOurs }, keep, signal);
    expect(await keys(objects, 'photos/')).toHaveLength(1);
    expect(await keys(objects, 'stages/')).toHaveLength(1);
    for (const id of [storageId, 'fm-0002-test']) expect(await objects.read(layout.active(id))).toBeDefined();
    expect(await keys(objects, 'versions/')).toHaveLength(2);
  });

  it('takes a manifest that cannot be read for none', async () => {
    const objects = await aModel();
    await objects.create(layout.manifest(storageId, 'v-damaged'), new TextEncoder().encode('{'));
    await sweep({ objects, storageId, stillOurs }, keep, signal);
    expect(await keys(objects, 'versions/')).toEqual(manifests('v-active', 'v-newer'));
  });

  it('removes nothing any more once there is a successor', async () => {
    const objects = await aModel();
    const all = await keys(objects, '');
    const succeeded = () => Promise.reject(new Error('there is a successor'));
    await expect(sweep({ objects, storageId, stillOurs: succeeded }, keep, signal)).rejects.toThrow('there is a successor');
    expect(await keys(objects, '')).toEqual(all);
  });

  it('keeps a version that a successor made while this one was stopped, with all its parts', async () => {
    const objects = await aModel();
    const part = { name: 'weights.bin', sha256: sha256Hex('v-next'), sizeBytes: 1 };
    const manifest = aManifestOfVersion({ version: 'v-next', storageId, parts: [part] });
    let stopped = false;
    // Between what it saw and its first removal.
    const stop = async (): Promise<void> => {
      if (stopped) return;
      stopped = true;
      await objects.create(layout.part(storageId, part.sha256), new Uint8Array(1));
      await objects.create(layout.manifest(storageId, 'v-next'), encodeDocument(manifest));
    };
    await sweep({ objects, storageId, stillOurs: stop }, keep, signal);
    expect(stopped).toBe(true);
    expect(await keys(objects, 'versions/')).toContain('v-next/manifest.json');
    expect(await keys(objects, 'parts/')).toContain(part.sha256);
  });
});
