import {
  activePointerSchema,
  decodeDocument,
  decodeIfSound,
  encodeDocument,
  latestPointerSchema,
  layout,
  manifestSchema,
  snapshotSchema,
} from '@facehash/artifacts';
import { API_VERSION, KIND, storageIdOf, type StoredFaceModel } from '@facehash/facemodel';
import { FaceHashError, sha256Hex, type Clock } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import type { Person, Photo, Registry } from '@facehash/registry-core';
import { encodeRows, END, MANIFEST, nameOf, type ArchiveEnd, type ArchiveEntry, type ArchiveManifest } from './archive.js';

const ROWS_A_PAGE = 500;

export interface ExportParts {
  readonly registry: Registry;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/**
 * Everything of a model that another instance needs to answer like this one, but its keys. The model may be in use meanwhile: what is
 * added is in the archive or not. What was erased is not, and neither is a version that knows of it: the other instance trains
 * then. Rejects with CONFLICT when a photo was removed at the wrong moment (try again), STORE_UNAVAILABLE, ARTIFACT_CORRUPT.
 */
export async function* exportModel(model: StoredFaceModel, parts: ExportParts, signal?: AbortSignal): AsyncIterable<ArchiveEntry> {
  yield* new Export(model, parts, signal).entries();
}

class Export {
  readonly #storageId: string;
  readonly #people = new Set<string>();
  /** `<personId>/<sha256>` of each photo row that was exported, and the digests alone. */
  readonly #photos = new Set<string>();
  readonly #digests = new Set<string>();
  #objects = 0;

  constructor(
    private readonly model: StoredFaceModel,
    private readonly parts: ExportParts,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#storageId = storageIdOf(model);
  }

  async *entries(): AsyncIterable<ArchiveEntry> {
    // The pointers first: the rows that are read after them hold all that they speak of, but for what is erased meanwhile.
    const pointers = await this.#pointers();
    const manifest = encodeDocument(await this.#manifest(pointers.latest?.counter ?? 0));
    yield { name: MANIFEST, bytes: manifest };
    yield* this.#peoplePages();
    yield* this.#photoPages();
    yield* this.#photoObjects();
    yield* this.#stages();
    if (pointers.latest) yield* this.#samples(pointers.latest);
    const exported = yield* this.#versions(pointers.active?.version);
    // Last, as in the store that it came from.
    if (pointers.active && exported) yield this.#object(layout.active(this.#storageId), pointers.active.bytes);
    const counts = { people: this.#people.size, photos: this.#photos.size, objects: this.#objects };
    const end: ArchiveEnd = { v: 1, manifestSha256: sha256Hex(manifest), counts };
    yield { name: END, bytes: encodeDocument(end) };
  }

  async #manifest(latestCounter: number): Promise<ArchiveManifest> {
    const { registry, clock } = this.parts;
    const { name, namespace, spec, status } = this.model;
    const { storageId: _, ...rest } = spec;
    return {
      format: 'facehash-model',
      v: 1,
      exportedAt: clock.now().toISOString(),
      storageId: this.#storageId,
      model: { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace }, spec: rest },
      counter: Math.max(latestCounter, await registry.counter(this.#storageId, this.signal)),
      quarantined: (status?.quarantined ?? []).map((person) => ({ ...person })),
      counts: await registry.counts(this.#storageId, this.signal),
    };
  }

  async #pointers() {
    const [activeKey, latestKey] = [layout.active(this.#storageId), layout.latestSamples(this.#storageId)];
    const [active, latest] = await Promise.all([this.#read(activeKey), this.#read(latestKey)]);
    return {
      active: active && { version: decodeDocument(activePointerSchema, active, activeKey).version, bytes: active },
      latest: latest && { counter: decodeDocument(latestPointerSchema, latest, latestKey).counter, bytes: latest },
    };
  }

  async *#peoplePages(): AsyncIterable<ArchiveEntry> {
    let after: string | null = '';
    for (let page = 1; after !== null; page++) {
      const read: Awaited<ReturnType<Registry['people']>> = await this.parts.registry.people(
        this.#storageId,
        { after, limit: ROWS_A_PAGE },
        this.signal,
      );
      for (const { id } of read.items) this.#people.add(id);
      if (read.items.length > 0) yield rows('people', page, read.items.map(personRow));
      after = read.next;
    }
  }

  async *#photoPages(): AsyncIterable<ArchiveEntry> {
    let page = 1;
    let pending: Photo[] = [];
    for await (const photo of this.parts.registry.allPhotos(this.#storageId, this.signal)) {
      // Of somebody who came after the people were read: the next export has them.
      if (!this.#people.has(photo.personId)) continue;
      this.#photos.add(`${photo.personId}/${photo.sha256}`);
      this.#digests.add(photo.sha256);
      pending.push(photo);
      if (pending.length < ROWS_A_PAGE) continue;
      yield rows('photos', page++, pending.map(photoRow));
      pending = [];
    }
    if (pending.length > 0) yield rows('photos', page, pending.map(photoRow));
  }

  async *#photoObjects(): AsyncIterable<ArchiveEntry> {
    for (const photo of this.#photos) {
      const [personId = '', sha256 = ''] = photo.split('/');
      const key = layout.photo(this.#storageId, personId, sha256);
      const bytes = await this.#read(key);
      if (!bytes) throw new FaceHashError('CONFLICT', { problems: [{ path: key, message: 'was removed during the export: try again' }] });
      if (sha256Hex(bytes) !== sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { problems: [{ path: key, message: 'is damaged' }] });
      yield this.#object(key, bytes);
    }
  }

  async *#stages(): AsyncIterable<ArchiveEntry> {
    for await (const { key } of this.parts.objects.list(layout.stages(this.#storageId), this.signal)) {
      const sha256 = /([0-9a-f]{64})\.[a-z]+$/.exec(key)?.[1];
      const bytes = sha256 !== undefined && this.#digests.has(sha256) ? await this.#read(key) : undefined;
      if (bytes) yield this.#object(key, bytes);
    }
  }

  /** The newest snapshot, if nobody of it was erased since; else the other instance cuts one of its own. */
  async *#samples({ counter, bytes: pointer }: { readonly counter: number; readonly bytes: Uint8Array }): AsyncIterable<ArchiveEntry> {
    const key = layout.samples(this.#storageId, counter);
    const bytes = await this.#read(key);
    if (!bytes) return;
    const { people } = decodeDocument(snapshotSchema, bytes, key);
    if (!people.every(({ id, photos }) => photos.every((sha256) => this.#photos.has(`${id}/${sha256}`)))) return;
    yield this.#object(key, bytes);
    yield this.#object(layout.latestSamples(this.#storageId), pointer);
  }

  /** Gives whether the active version is among them. */
  async *#versions(active: string | undefined): AsyncGenerator<ArchiveEntry, boolean> {
    const written = new Set<string>();
    let hasActive = false;
    for await (const { key } of this.parts.objects.list(layout.versions(this.#storageId), this.signal)) {
      const version = await this.#version(key);
      if (!version) continue;
      for (const part of version.parts) {
        if (!written.has(part.key)) yield this.#object(part.key, part.bytes);
        written.add(part.key);
      }
      yield this.#object(key, version.bytes);
      hasActive ||= version.manifest.version === active;
    }
    return hasActive;
  }

  /** A version with all its parts; undefined when it is not whole, or knows somebody who was erased. */
  async #version(key: string) {
    const bytes = await this.#read(key);
    const manifest = bytes && decodeIfSound(manifestSchema, bytes, key);
    if (!bytes || !manifest?.people.every((id) => this.#people.has(id))) return undefined;
    const parts: { readonly key: string; readonly bytes: Uint8Array }[] = [];
    for (const { sha256 } of manifest.parts) {
      const part = { key: layout.part(this.#storageId, sha256), bytes: await this.#read(layout.part(this.#storageId, sha256)) };
      if (!part.bytes || sha256Hex(part.bytes) !== sha256) return undefined;
      parts.push({ key: part.key, bytes: part.bytes });
    }
    return { manifest, bytes, parts };
  }

  #object(key: string, bytes: Uint8Array): ArchiveEntry {
    this.#objects++;
    return { name: nameOf({ kind: 'object', key: key.slice(this.#storageId.length + 1), sha256: sha256Hex(bytes) }), bytes };
  }

  async #read(key: string): Promise<Uint8Array | undefined> {
    return (await this.parts.objects.read(key, this.signal))?.bytes;
  }
}

function rows(kind: 'people' | 'photos', page: number, items: readonly unknown[]): ArchiveEntry {
  const bytes = encodeRows(items);
  return { name: nameOf({ kind, page, sha256: sha256Hex(bytes) }), bytes };
}

function personRow({ storageId: _, ...row }: Person): Omit<Person, 'storageId'> {
  return row;
}

function photoRow({ storageId: _, ...row }: Photo): Omit<Photo, 'storageId'> {
  return row;
}
