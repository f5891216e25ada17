import { join } from 'node:path';
import { activePointerSchema, decodeDocument, layout, manifestSchema } from '@facehash/artifacts';
import { storageIdOf } from '@facehash/facemodel';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import type { ObjectStore } from '@facehash/object-store-core';
import { openFsObjectStore } from '@facehash/object-store-fs';
import type { GlobalOptions } from './cli.js';
import { withModelsThere } from './models.js';

/** The evaluation of the version that answers: the page for people, or the document for programs. */
export async function reportOf(name: string, { dataDir, json }: GlobalOptions): Promise<string> {
  const model = await withModelsThere(dataDir, (models) => models.find(name));
  if (!model) throw none(name, 'is no model here');
  const storageId = storageIdOf(model);
  const objects = await openFsObjectStore(join(dataDir, 'objects'));
  const activeKey = layout.active(storageId);
  const active = await objects.read(activeKey);
  if (!active) throw none(name, 'has no version yet: enrol somebody first');
  const { version } = decodeDocument(activePointerSchema, active.bytes, activeKey);
  const key = layout.manifest(storageId, version);
  const manifest = decodeDocument(manifestSchema, await existing(objects, key), key);
  const part = manifest.parts.find((p) => p.name === (json ? 'report.json' : 'report.html'));
  if (!part) throw none(name, `answers with ${version}, which was trained before there were reports`);
  const bytes = await existing(objects, layout.part(storageId, part.sha256));
  if (sha256Hex(bytes) !== part.sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { part: part.name });
  return new TextDecoder().decode(bytes);
}

async function existing(objects: ObjectStore, key: string): Promise<Uint8Array> {
  const object = await objects.read(key);
  if (!object) throw new FaceHashError('ARTIFACT_CORRUPT', { missing: key });
  return object.bytes;
}

function none(name: string, message: string): FaceHashError {
  return new FaceHashError('NOT_FOUND', { problems: [{ path: name, message }] });
}
