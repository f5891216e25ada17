import { activePointerSchema, decodeDocument, layout, manifestSchema, runReportSchema, type RunReport } from '@facehash/artifacts';
import { storageIdOf } from '@facehash/facemodel';
import { FaceHashError, sha256Hex } from '@facehash/kernel';
import { isKey, type ObjectStore } from '@facehash/object-store-core';
import type { CliContext, GlobalOptions } from './context.js';
import { noModel, withModelsThere } from './models.js';
import { withStores } from './stores.js';

interface Wish {
  readonly name: string;
  /** The version that answers, where it is left out. */
  readonly run?: string;
}

interface Asked {
  readonly name: string;
  readonly storageId: string;
  readonly objects: ObjectStore;
  readonly json: boolean;
}

/** The evaluation of the version that answers, or of the one that a run made: the page for people, or the document for programs. */
export async function reportOf({ name, run }: Wish, { dataDir, json }: GlobalOptions, context: CliContext): Promise<string> {
  const model = await withModelsThere(dataDir, (models) => models.find(name));
  if (!model) throw noModel(name);
  return withStores(dataDir, context, async ({ objects }) => {
    const asked: Asked = { name, storageId: storageIdOf(model), objects, json: json ?? false };
    return run === undefined ? ofVersion(asked, await activeVersion(asked)) : ofRun(asked, run);
  });
}

async function activeVersion({ name, storageId, objects }: Asked): Promise<string> {
  const key = layout.active(storageId);
  const active = await objects.read(key);
  if (!active) throw none(name, 'has no version yet: enrol somebody first');
  return decodeDocument(activePointerSchema, active.bytes, key).version;
}

async function ofVersion({ name, storageId, objects, json }: Asked, version: string): Promise<string> {
  const key = layout.manifest(storageId, version);
  const manifest = decodeDocument(manifestSchema, await existing(objects, key), key);
  const part = manifest.parts.find((p) => p.name === (json ? 'report.json' : 'report.html'));
  if (!part) throw none(name, `has a version ${version} that was trained before there were reports`);
  const bytes = await existing(objects, layout.part(storageId, part.sha256));
  if (sha256Hex(bytes) !== part.sha256) throw new FaceHashError('ARTIFACT_CORRUPT', { part: part.name });
  return new TextDecoder().decode(bytes);
}

/** Of a version that was refused there is what its run left; one that was published has its own. */
async function ofRun(asked: Asked, run: string): Promise<string> {
  const { name, storageId, objects, json } = asked;
  const key = layout.runReport(storageId, run);
  const stored = isKey(key) ? await objects.read(key) : undefined;
  if (!stored) throw none(name, `has no report of a run ${run}: --json model list names the run of a failure and of a quarantine`);
  const report = decodeDocument(runReportSchema, stored.bytes, key);
  if (report.outcome.outcome === 'trained') return ofVersion(asked, report.outcome.version);
  if (!report.refused) throw none(name, withoutEvaluation(report.outcome));
  if (json) return `${JSON.stringify(report.refused)}\n`;
  return new TextDecoder().decode(await existing(objects, layout.runReportPage(storageId, run)));
}

function withoutEvaluation({ code, message }: Exclude<RunReport['outcome'], { outcome: 'trained' }>): string {
  return `has no evaluation of this run, which ended with ${code}: ${message}`;
}

async function existing(objects: ObjectStore, key: string): Promise<Uint8Array> {
  const object = await objects.read(key);
  if (!object) throw new FaceHashError('ARTIFACT_CORRUPT', { missing: key });
  return object.bytes;
}

function none(name: string, message: string): FaceHashError {
  return new FaceHashError('NOT_FOUND', { problems: [{ path: name, message }] });
}
