import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, applyFaceModel, KIND, parseManifestForOneMachine, type Applied, type FaceModelManifest } from '@facehash/facemodel';
import { FaceHashError } from '@facehash/kernel';
import { KeyFiles } from '@facehash/key-files';
import type { CliContext, GlobalOptions } from './context.js';
import { withModels } from './models.js';

export async function applyFile(file: string, options: GlobalOptions, context: CliContext): Promise<string> {
  return applyAll(manifestsIn(await readYaml(file), file), options, context);
}

export async function createModel(name: string, options: GlobalOptions, context: CliContext): Promise<string> {
  return withModels(options.dataDir, async (models) => {
    if (await models.find(name))
      throw invalid([{ path: 'metadata.name', message: `a model ${name} exists already; change it by apply -f` }]);
    return applyAll([manifestOf({ apiVersion: API_VERSION, kind: KIND, metadata: { name } }, '')], options, context);
  });
}

/** All documents are checked before the first is applied. */
async function applyAll(manifests: readonly FaceModelManifest[], options: GlobalOptions, context: CliContext): Promise<string> {
  return withModels(options.dataDir, async (models) => {
    const applied: Applied[] = [];
    const parts = { models, keys: new KeyFiles(options.dataDir), clock: context.clock, random: context.random };
    for (const manifest of manifests) applied.push(await applyFaceModel(manifest, parts));
    return options.json ? `${JSON.stringify(applied.map(asJson))}\n` : applied.map(asText).join('');
  });
}

function asJson({ outcome, model, keyKeptIn }: Applied): unknown {
  return { name: model.name, uid: model.uid, generation: model.generation, outcome, keyFile: keyKeptIn };
}

function asText({ outcome, model, keyKeptIn }: Applied): string {
  const key = keyKeptIn ? `; its key is in ${keyKeptIn}` : '';
  return `facemodel/${model.name} ${outcome}${key}\n`;
}

async function readYaml(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FaceHashError('MODEL_INVALID', { problems: [{ path: file, message: 'cannot be read' }] }, { cause });
  }
}

function manifestsIn(text: string, file: string): readonly FaceModelManifest[] {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  if (documents.length === 0) throw invalid([{ path: file, message: 'holds no FaceModel' }]);
  const broken = documents.flatMap((d) => d.errors.map((e) => ({ path: file, message: e.message })));
  if (broken.length > 0) throw invalid(broken);
  return documents.map((document, i) =>
    manifestOf(document.toJS({ maxAliasCount: 100 }), documents.length > 1 ? `document ${i + 1}: ` : ''),
  );
}

function manifestOf(value: unknown, where: string): FaceModelManifest {
  const parsed = parseManifestForOneMachine(value);
  if (parsed.ok) return parsed.manifest;
  throw invalid(parsed.problems.map((p) => ({ path: `${where}${p.path}`, message: p.message })));
}

function invalid(problems: readonly { readonly path: string; readonly message: string }[]): FaceHashError {
  return new FaceHashError('MODEL_INVALID', { problems });
}
