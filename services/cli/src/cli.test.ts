import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeDocument, layout, type RunReport } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { isApiKey } from '@facehash/facemodel';
import { sha256Hex } from '@facehash/kernel';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { runCli } from './cli.js';

/** As a training run and the controller leave it. */
async function storeVersion(folder: string, storageId: string): Promise<void> {
  const objects = await openFsObjectStore(folder);
  const parts = await Promise.all(
    Object.entries({ 'report.html': '<p>good</p>', 'report.json': '{"good":true}' }).map(async ([name, text]) => {
      const bytes = new TextEncoder().encode(text);
      await objects.create(layout.part(storageId, sha256Hex(bytes)), bytes);
      return { name, sha256: sha256Hex(bytes), sizeBytes: bytes.length };
    }),
  );
  const manifest = aManifestOfVersion({ storageId, parts });
  await objects.create(layout.manifest(storageId, manifest.version), encodeDocument(manifest));
  const pointer = { v: 1, version: manifest.version, snapshot: 1, activatedAt: '2026-01-01T00:00:00.000Z' };
  await objects.replace(layout.active(storageId), encodeDocument(pointer), null);
}

/** As a training run leaves it. */
async function storeRun(
  folder: string,
  storageId: string,
  end: Pick<RunReport, 'run' | 'outcome'> & Partial<Pick<RunReport, 'refused'>>,
): Promise<void> {
  const objects = await openFsObjectStore(folder);
  const common = { v: 1, version: 'v-1', snapshot: 1, backend: 'wasm', startedAt: '2026-01-01T00:00:00.000Z', seconds: {} } as const;
  const report: RunReport = { ...common, samples: null, evaluation: null, refused: null, ...end };
  await objects.create(layout.runReport(storageId, end.run), encodeDocument(report));
  if (report.refused) await objects.create(layout.runReportPage(storageId, end.run), new TextEncoder().encode('<p>worse</p>'));
}

describe('the command line', () => {
  let folder: string;
  let out = '';
  let complaints = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facehash-cli-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function facehash(...args: string[]): Promise<number> {
    out = '';
    complaints = '';
    return runCli(args, { defaultDataDir: folder, write: (text) => (out += text), complain: (text) => (complaints += text) });
  }

  async function yaml(text: string): Promise<string> {
    const file = join(folder, 'model.yaml');
    await writeFile(file, text);
    return file;
  }

  const frontDoor = (spec = '{}') => `apiVersion: facehash.dev/v1alpha1\nkind: FaceModel\nmetadata: {name: front-door}\nspec: ${spec}\n`;

  it('makes a model with a key of its own, and lists it', async () => {
    expect(await facehash('model', 'create', 'front-door')).toBe(0);
    expect(out).toContain('facemodel/front-door created; its key is in');
    expect(isApiKey((await readFile(join(folder, 'keys', 'front-door'), 'utf8')).trim())).toBe(true);
    expect(await facehash('model', 'list')).toBe(0);
    expect(out).toMatch(/^NAME +PHASE +PEOPLE +PHOTOS +ACTIVE +TARGET\nfront-door +Unknown +0 +0 +- +-\n$/);
  });

  it('prints the report of the version that answers, and says where there is none', async () => {
    expect(await facehash('model', 'report', 'front-door')).toBe(1);
    expect(complaints).toContain('holds no FaceHash data');
    await facehash('model', 'create', 'front-door');
    expect(await facehash('model', 'report', 'back-door')).toBe(1);
    expect(complaints).toContain('back-door: is no model here');
    expect(await facehash('model', 'report', 'front-door')).toBe(1);
    expect(complaints).toContain('front-door: has no version yet');
    await facehash('--json', 'model', 'list');
    const [{ uid }] = JSON.parse(out) as [{ uid: string }];
    await storeVersion(join(folder, 'objects'), uid);
    expect(await facehash('model', 'report', 'front-door')).toBe(0);
    expect(out).toBe('<p>good</p>');
    expect(await facehash('--json', 'model', 'report', 'front-door')).toBe(0);
    expect(out).toBe('{"good":true}');
  });

  it('prints the report of a version that was refused, by its run', async () => {
    await facehash('model', 'create', 'front-door');
    await facehash('--json', 'model', 'list');
    const [{ uid }] = JSON.parse(out) as [{ uid: string }];
    await storeVersion(join(folder, 'objects'), uid);
    const refused = { outcome: 'refused', code: 'VERSION_REFUSED', message: 'worse' } as const;
    await storeRun(join(folder, 'objects'), uid, { run: 'refused', outcome: refused, refused: { worse: true } });
    await storeRun(join(folder, 'objects'), uid, { run: 'unfinished', outcome: refused });
    await storeRun(join(folder, 'objects'), uid, {
      run: 'trained',
      outcome: { outcome: 'trained', version: aManifestOfVersion().version },
    });
    const report = async (...args: string[]) => ((await facehash(...args, 'model', 'report', 'front-door')) === 0 ? out : complaints);
    const of = async (run: string, ...flags: string[]) =>
      (await facehash(...flags, 'model', 'report', 'front-door', '--run', run)) === 0 ? out : complaints;
    expect(await of('refused')).toBe('<p>worse</p>');
    expect(await of('refused', '--json')).toBe('{"worse":true}\n');
    expect(await of('trained')).toBe(await report());
    expect(await of('unfinished')).toContain('ended with VERSION_REFUSED: worse');
    for (const unknown of ['no-such-run', '../../../etc']) expect(await of(unknown)).toContain(`has no report of a run ${unknown}`);
  });

  it('does not make the same model twice', async () => {
    await facehash('model', 'create', 'front-door');
    expect(await facehash('model', 'create', 'front-door')).toBe(1);
    expect(complaints).toContain('exists already');
  });

  it('applies a file as often as one likes', async () => {
    const file = await yaml(frontDoor());
    expect(await facehash('apply', '-f', file)).toBe(0);
    await facehash('apply', '-f', file);
    expect(out).toBe('facemodel/front-door unchanged\n');
    await facehash('apply', '-f', await yaml(frontDoor('{recognition: {falseAcceptTarget: 0.001}}')));
    expect(out).toBe('facemodel/front-door changed\n');
  });

  it('applies all documents of a file or none', async () => {
    const file = await yaml(`${frontDoor()}---\n${frontDoor('{training: {epochs: 3}}').replace('front-door', 'back-door')}`);
    expect(await facehash('apply', '-f', file)).toBe(1);
    expect(complaints).toMatch(/MODEL_INVALID[\s\S]*document 2: spec\.training/);
    expect(await facehash('--json', 'model', 'list')).toBe(1);
    expect(complaints).toContain('holds no FaceHash data');
  });

  it.each([
    ['a file that is not there', async () => '/nowhere.yaml', 'cannot be read'],
    ['a file that is no YAML', () => yaml('a: [1'), 'MODEL_INVALID'],
    ['an empty file', () => yaml(''), 'holds no FaceModel'],
  ])('says what is wrong with %s', async (_, file, message) => {
    expect(await facehash('apply', '-f', await file())).toBe(1);
    expect(complaints).toContain(message);
  });

  it('answers an unknown command with 2', async () => {
    expect(await facehash('frobnicate')).toBe(2);
  });

  it('never prints a key', async () => {
    await facehash('--json', 'model', 'create', 'front-door');
    expect(out).not.toMatch(/fhk_/);
  });
});
