import {
  decodeDocument,
  encodeDocument,
  layout,
  manifestSchema,
  sampleCounts,
  samplesDigest,
  snapshotSchema,
  type Snapshot,
} from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { applyFaceModel, isApiKey, type StoredFaceModel } from '@facehash/facemodel';
import { aManifest, InMemoryFaceModels } from '@facehash/facemodel/testing';
import { seededRandom, sha256Hex } from '@facehash/kernel';
import { FakeClock } from '@facehash/kernel/testing';
import { InMemoryObjectStore } from '@facehash/object-store-core/testing';
import { aPerson, aPhoto, InMemoryRegistry } from '@facehash/registry-core/testing';
import { archiveProgress, type ArchiveEntry } from './archive.js';
import { exportModel } from './export-model.js';
import { importModel, type Imported } from './import-model.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const photosOf: Readonly<Record<string, readonly string[]>> = { Ann: ['ann 1', 'ann 2'], Ben: ['ben 1'] };

/** One place where models live. */
class Instance {
  readonly models = new InMemoryFaceModels();
  readonly registry = new InMemoryRegistry();
  readonly objects = new InMemoryObjectStore();
  readonly clock = new FakeClock();
  readonly random;
  readonly kept = new Map<string, string>();
  readonly keys = {
    keep: async (name: string, make: () => string) => {
      const key = this.kept.get(name) ?? make();
      this.kept.set(name, key);
      return { key, where: `memory:${name}` };
    },
  };

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A model as enrolment, the trainer and the controller leave it. */
  async withModel(name = 'front-door', spec: Readonly<Record<string, unknown>> = { displayName: 'Front door' }): Promise<StoredFaceModel> {
    const { model } = await applyFaceModel(aManifest(name, spec), this);
    const storageId = model.uid;
    for (const [person, photos] of Object.entries(photosOf)) await this.#enrol(aPerson(person, { storageId }), photos);
    const counter = await this.registry.raiseCounter(storageId, 7);
    const snapshot = await this.#snapshot(storageId, counter);
    const report = bytesOf('<p>good</p>');
    await this.objects.create(layout.part(storageId, sha256Hex(report)), report);
    const manifest = aManifestOfVersion({
      storageId,
      people: snapshot.people.map(({ id }) => id),
      parts: [{ name: 'report.html', sha256: sha256Hex(report), sizeBytes: report.length }],
    });
    await this.objects.create(layout.manifest(storageId, manifest.version), encodeDocument(manifest));
    await this.objects.create(layout.runReport(storageId, 'run-1'), bytesOf('{}'));
    const pointer = { v: 1, version: manifest.version, snapshot: counter, activatedAt: '2026-01-01T00:00:00.000Z' };
    await this.objects.replace(layout.active(storageId), encodeDocument(pointer), null);
    return model;
  }

  async #enrol(person: ReturnType<typeof aPerson>, photos: readonly string[]): Promise<void> {
    await this.registry.createPerson(person);
    for (const content of photos) {
      const sha256 = sha256Hex(content);
      await this.objects.create(layout.photo(person.storageId, person.id, sha256), bytesOf(content));
      await this.objects.create(layout.features(person.storageId, 'p1', sha256), bytesOf(`features of ${content}`));
      await this.registry.addPhoto(aPhoto(person, content));
    }
  }

  async #snapshot(storageId: string, counter: number): Promise<Snapshot> {
    const people = Object.entries(photosOf).map(([name, photos]) => ({ id: aPerson(name).id, photos: photos.map(sha256Hex).sort() }));
    const snapshot: Snapshot = { v: 1, storageId, counter, people: people.sort((a, b) => (a.id < b.id ? -1 : 1)) };
    await this.objects.create(layout.samples(storageId, counter), encodeDocument(snapshot));
    const pointer = { v: 1, counter, digest: samplesDigest(snapshot), ...sampleCounts(snapshot) };
    await this.objects.replace(layout.latestSamples(storageId), encodeDocument(pointer), null);
    return snapshot;
  }

  async export(name = 'front-door'): Promise<readonly ArchiveEntry[]> {
    const model = await this.models.find(name);
    if (!model) throw new Error('no model');
    const entries: ArchiveEntry[] = [];
    for await (const entry of exportModel(model, this)) entries.push(entry);
    return entries;
  }

  import(entries: readonly ArchiveEntry[], name?: string): Promise<Imported> {
    return importModel({ open: () => each(entries), ...(name === undefined ? {} : { name }) }, this);
  }

  async objectKeys(storageId: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of this.objects.list(`${storageId}/`)) keys.push(key.slice(storageId.length + 1));
    return keys;
  }
}

async function* each(entries: readonly ArchiveEntry[]): AsyncIterable<ArchiveEntry> {
  yield* entries;
}

const exported = (keys: readonly string[]): readonly string[] => keys.filter((key) => !key.startsWith('runs/'));

describe('moving a model', () => {
  let from: Instance;
  let to: Instance;
  let model: StoredFaceModel;
  let entries: readonly ArchiveEntry[];
  beforeEach(async () => {
    [from, to] = [new Instance(1), new Instance(2)];
    model = await from.withModel();
    entries = await from.export();
  });

  it('brings people, photos, counter, objects and the resource, under the same storage id and with a key of its own', async () => {
    const imported = await to.import(entries);
    const storageId = model.uid;
    expect(imported).toEqual({
      name: 'front-door',
      storageId,
      keyKeptIn: 'memory:front-door',
      people: 2,
      photos: 3,
      sameStorageId: true,
    });
    const made = await to.models.find('front-door');
    expect(made).toMatchObject({ spec: { displayName: 'Front door', storageId }, status: { storageId, quarantined: [] } });
    expect(made?.uid).not.toBe(model.uid);
    expect(isApiKey(to.kept.get('front-door') ?? '')).toBe(true);
    expect(made?.apiKeyHashes).not.toEqual(model.apiKeyHashes);
    expect(await to.registry.people(storageId, { limit: 10 })).toEqual(await from.registry.people(storageId, { limit: 10 }));
    for (const name of ['Ann', 'Ben']) {
      const page = [storageId, aPerson(name).id, { limit: 10 }] as const;
      expect(await to.registry.photos(...page)).toEqual(await from.registry.photos(...page));
    }
    expect(await to.registry.counter(storageId)).toBe(7);
    expect(await to.objectKeys(storageId)).toEqual(exported(await from.objectKeys(storageId)));
    for (const key of await to.objectKeys(storageId))
      expect((await to.objects.read(`${storageId}/${key}`))?.bytes).toEqual((await from.objects.read(`${storageId}/${key}`))?.bytes);
  });

  it('takes along who is quarantined, so that the same version is wanted there', async () => {
    const quarantined = [
      { personId: aPerson('Ben').id, photosDigest: sha256Hex('x'), run: 'run-1', message: 'spoils Ann', at: '2026-01-01T00:00:00.000Z' },
    ];
    await to.import(entries);
    const { status } = (await to.models.find('front-door')) ?? {};
    if (!status) throw new Error('no status');
    await from.models.writeStatus(model.uid, { ...status, quarantined });
    await to.import(await from.export(), 'again');
    expect((await to.models.find('again'))?.status?.quarantined).toEqual(quarantined);
  });

  it('holds no key', () => {
    const text = entries.map(({ name, bytes }) => name + new TextDecoder().decode(bytes)).join('');
    expect(text).not.toContain('fhk_');
    for (const hash of model.apiKeyHashes) expect(text).not.toContain(hash);
  });

  it('beside the original gets another name and another storage id, which its documents name', async () => {
    const { storageId, sameStorageId } = await from.import(entries, 'copy');
    expect(sameStorageId).toBe(false);
    expect((await from.models.find('copy'))?.uid).toBe(storageId);
    expect(await from.objectKeys(storageId)).toEqual(exported(await from.objectKeys(model.uid)));
    const read = async (key: string): Promise<Uint8Array> => (await from.objects.read(key))?.bytes ?? new Uint8Array();
    const manifestKey = layout.manifest(storageId, aManifestOfVersion().version);
    expect(decodeDocument(manifestSchema, await read(manifestKey), 'manifest').storageId).toBe(storageId);
    expect(decodeDocument(snapshotSchema, await read(layout.samples(storageId, 7)), 'snapshot').storageId).toBe(storageId);
  });

  it('is refused under a name that is taken, with nothing written', async () => {
    await to.withModel('front-door');
    const before = to.objects.writes.length;
    await expect(to.import(entries)).rejects.toMatchObject({ code: 'MODEL_INVALID', details: { problems: [{ path: 'metadata.name' }] } });
    expect(to.objects.writes).toHaveLength(before);
  });

  it('is refused what only a cluster can do, with nothing written', async () => {
    const stored = await from.models.find('front-door');
    if (!stored) throw new Error('no model');
    const dedicated = { ...stored, spec: { ...stored.spec, serving: { ...stored.spec.serving, mode: 'Dedicated' as const } } };
    const left: ArchiveEntry[] = [];
    for await (const entry of exportModel(dedicated, from)) left.push(entry);
    await expect(to.import(left)).rejects.toMatchObject({ code: 'MODEL_INVALID', details: { problems: [{ path: 'spec.serving.mode' }] } });
    expect(to.objects.writes).toEqual([]);
  });

  it('leaves out who was erased, and the versions and snapshots that know them', async () => {
    const registry = new InMemoryRegistry();
    const ann = aPerson('Ann', { storageId: model.uid });
    await registry.createPerson(ann);
    await registry.addPhoto(aPhoto(ann, 'ann 1'));
    await registry.raiseCounter(model.uid, 8);
    const left: ArchiveEntry[] = [];
    for await (const entry of exportModel(model, { registry, objects: from.objects, clock: from.clock })) left.push(entry);
    await to.import(left);
    expect(await to.objectKeys(model.uid)).toEqual([`photos/${ann.id}/${sha256Hex('ann 1')}`, `stages/p1/${sha256Hex('ann 1')}.features`]);
    // Ahead of its snapshot, so that one is cut there.
    expect(await to.registry.counter(model.uid)).toBe(8);
  });

  it('says how many photos it has come through', async () => {
    const seen: unknown[] = [];
    for await (const _ of archiveProgress(each(entries), (progress) => seen.push(progress)));
    expect(seen).toEqual([1, 2, 3].map((done) => ({ done, total: 3 })));
  });

  describe('of which an archive was damaged', () => {
    const damages: readonly (readonly [string, (entries: readonly ArchiveEntry[]) => readonly ArchiveEntry[]])[] = [
      ['cut off before its end', (all) => all.slice(0, -1)],
      ['cut off in the middle', (all) => all.slice(0, 4)],
      ['empty', () => []],
      ['without its manifest', (all) => all.slice(1)],
      ['with an entry less', (all) => all.filter((_, i) => i !== 4)],
      ['with an entry after its end', (all) => [...all, ...all.slice(1, 2)]],
      ['with an entry of somewhere else', (all) => [...all.slice(0, 3), { name: '../etc/passwd', bytes: bytesOf('x') }, ...all.slice(3)]],
      ['with another object below the model', (all) => [...all.slice(0, 3), anObject('keys/owner', 'x'), ...all.slice(3)]],
      ['with a key that leaves the model', (all) => [...all.slice(0, 3), anObject('photos/../../x', 'x'), ...all.slice(3)]],
      ['with a photo that is not its digest', (all) => [...all.slice(0, 3), anObject(`photos/p/${sha256Hex('a')}`, 'b'), ...all.slice(3)]],
      ['of a newer format', (all) => [{ name: 'manifest.json', bytes: bytesOf('{"format":"facehash-model","v":2}') }, ...all.slice(1)]],
    ];
    it.each(damages)('%s: it is refused before anything is written', async (_, damage) => {
      await expect(to.import(damage(entries))).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
      expect([to.objects.writes, await to.models.list(), to.kept.size]).toEqual([[], [], 0]);
    });

    it('in any one byte: it is refused', async () => {
      for (const [i, { bytes }] of entries.entries()) {
        const changed = bytes.map((byte, at) => (at === Math.floor(bytes.length / 2) ? byte ^ 1 : byte));
        const damaged = entries.map((entry, at) => (at === i ? { ...entry, bytes: changed } : entry));
        await expect(to.import(damaged)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
      }
      expect(to.objects.writes).toEqual([]);
    });
  });

  it('that died on its way is finished by the same import', async () => {
    const { objects } = to;
    const create = objects.create.bind(objects);
    objects.create = (key, bytes) => (objects.writes.length >= 3 ? Promise.reject(new Error('killed')) : create(key, bytes));
    await expect(to.import(entries)).rejects.toThrow('killed');
    expect(objects.writes).toHaveLength(3);
    objects.create = create;
    expect(await to.models.list()).toEqual([]);
    await to.import(entries);
    expect(await to.objectKeys(model.uid)).toEqual(exported(await from.objectKeys(model.uid)));
  });

  it('under an id of its own leaves nothing behind when it fails', async () => {
    const before = from.objects.writes.length;
    from.registry.raiseCounter = () => Promise.reject(new Error('down'));
    await expect(from.import(entries, 'copy')).rejects.toThrow('down');
    const left = new Set(from.objects.writes.slice(before).map((key) => key.split('/')[0] ?? ''));
    for (const storageId of left) expect(await from.objectKeys(storageId)).toEqual([]);
    expect(left.size).toBe(1);
  });

  it('does not mix with what lies under its storage id and belongs to nobody', async () => {
    await to.objects.create(layout.samples(model.uid, 7), bytesOf('of another life'));
    await expect(to.import(entries)).rejects.toMatchObject({ code: 'CONFLICT' });
    await to.objects.remove(layout.samples(model.uid, 7));
    await to.registry.createPerson(aPerson('Eve', { storageId: model.uid }));
    await expect(to.import(entries)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await to.models.list()).toEqual([]);
  });
});

function anObject(key: string, content: string): ArchiveEntry {
  return { name: `objects/${sha256Hex(content)}/${key}`, bytes: bytesOf(content) };
}
