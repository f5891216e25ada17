import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeDocument, layout, type RunReport } from '@facehash/artifacts';
import { aManifestOfVersion } from '@facehash/artifacts/testing';
import { isApiKey } from '@facehash/facemodel';
import { sha256Hex } from '@facehash/kernel';
import { openFsObjectStore } from '@facehash/object-store-fs';
import { Terminal } from './testing/terminal.js';

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
  let terminal: Terminal;
  let out = '';
  let complaints = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facehash-cli-'));
    terminal = new Terminal(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function facehash(...args: string[]): Promise<number> {
    const exitCode = await terminal.run(...args);
    ({ out, complaints } = terminal);
    return exitCode;
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
    ['a model that asks for pods of its own', () => yaml(frontDoor('{serving: {mode: Dedicated}}')), 'Dedicated needs a cluster'],
  ])('says what is wrong with %s', async (_, file, message) => {
    expect(await facehash('apply', '-f', await file())).toBe(1);
    expect(complaints).toContain(message);
  });

  it('shows a model, also before a server has looked at it', async () => {
    await facehash('model', 'create', 'front-door');
    expect(await facehash('model', 'show', 'front-door')).toBe(0);
    expect(out).toMatch(/^name +front-door\n[\s\S]*key +.*keys\/front-door\n[\s\S]*phase +Unknown/);
    await facehash('--json', 'model', 'show', 'front-door');
    expect(JSON.parse(out)).toMatchObject({ name: 'front-door', status: null, keyFile: join(folder, 'keys', 'front-door') });
    expect(await facehash('model', 'show', 'back-door')).toBe(1);
    expect(complaints).toContain('back-door: is no model here');
  });

  describe('another key', () => {
    const key = async (): Promise<string> => (await readFile(join(folder, 'keys', 'front-door'), 'utf8')).trim();

    it('takes the place of the old one, which stays valid for a day unless somebody says otherwise', async () => {
      await facehash('model', 'create', 'front-door');
      const before = await key();
      const day = 86_400_000;
      for (const [args, ms] of [
        [[], day],
        [['--grace', '90s'], 90_000],
      ] as const) {
        expect(await facehash('--json', 'model', 'rotate-key', 'front-door', ...args)).toBe(0);
        const { oldKeyValidUntil } = JSON.parse(out) as { oldKeyValidUntil: string };
        expect(Date.parse(oldKeyValidUntil) - terminal.now.getTime()).toBe(ms);
      }
      expect([isApiKey(await key()), (await key()) === before]).toEqual([true, false]);
      expect(out).not.toMatch(/fhk_/);
    });

    it('revokes the old one with --now', async () => {
      await facehash('model', 'create', 'front-door');
      await facehash('model', 'rotate-key', 'front-door', '--now');
      expect(out).toContain('the old one is revoked');
      await facehash('model', 'show', 'front-door');
      expect(out).toMatch(/old key valid until +-\n/);
    });

    it.each([
      ['--grace', '1'],
      ['--grace', '8d'],
      ['--grace', '-1h'],
      ['--grace', '1h', '--now'],
    ])('is not understood with %s %s', async (...args) => {
      expect(await facehash('model', 'rotate-key', 'front-door', ...args)).toBe(2);
    });

    it('needs a model', async () => {
      await facehash('model', 'create', 'front-door');
      expect(await facehash('model', 'rotate-key', 'back-door')).toBe(1);
    });
  });

  describe('deleting a model', () => {
    beforeEach(() => facehash('model', 'create', 'front-door'));

    it('asks for its name where somebody sits, and does nothing for another one', async () => {
      terminal.answer = 'front-dor';
      expect(await facehash('model', 'delete', 'front-door')).toBe(1);
      expect(complaints).toContain('was not deleted');
      terminal.answer = 'front-door';
      expect(await facehash('model', 'delete', 'front-door')).toBe(0);
      expect(terminal.questions).toHaveLength(2);
      expect(await facehash('model', 'delete', 'front-door')).toBe(1);
    });

    it('needs --yes where nobody sits', async () => {
      expect(await facehash('model', 'delete', 'front-door')).toBe(2);
      expect(complaints).toContain('--yes');
      await facehash('--json', 'model', 'list');
      expect(JSON.parse(out)).toHaveLength(1);
    });

    it('takes its key away, and leaves its name to another one with another key', async () => {
      const file = join(folder, 'keys', 'front-door');
      const before = await readFile(file, 'utf8');
      expect(await facehash('model', 'delete', 'front-door', '--yes')).toBe(0);
      await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
      expect(await facehash('model', 'create', 'front-door')).toBe(0);
      expect(await readFile(file, 'utf8')).not.toBe(before);
    });
  });

  describe('an archive', () => {
    it('of a model is taken in on another machine, under another name if wished', async () => {
      await facehash('apply', '-f', await yaml(frontDoor('{recognition: {falseAcceptTarget: 0.001}}')));
      const file = join(folder, 'front-door.tar');
      expect(await facehash('export', 'front-door', file)).toBe(0);
      expect(out).toBe(`facemodel/front-door exported with 0 photos to ${file}: it holds photos of people and no key\n`);
      const elsewhere = new Terminal(join(folder, 'elsewhere'));
      expect(await elsewhere.run('import', file)).toBe(0);
      expect(elsewhere.out).toContain('facemodel/front-door imported with 0 people and 0 photos; its key is in');
      expect(await facehash('import', file)).toBe(1);
      expect(complaints).toContain('exists already');
      expect(await facehash('import', file, '--name', 'copy')).toBe(0);
      expect(out).toContain('another model has its storage id');
      await facehash('--json', 'model', 'show', 'copy');
      expect(JSON.parse(out)).toMatchObject({ name: 'copy', spec: { recognition: { falseAcceptTarget: 0.001 } } });
    });

    it('is not written over a file, and not read where there is none or it is something else', async () => {
      await facehash('model', 'create', 'front-door');
      const file = await yaml('something else');
      expect(await facehash('export', 'front-door', file)).toBe(1);
      expect(complaints).toContain('is there already');
      expect(await facehash('export', 'back-door', join(folder, 'a.tar'))).toBe(1);
      expect(await facehash('import', join(folder, 'nothing.tar'))).toBe(1);
      expect(complaints).toContain('is not there');
      expect(await facehash('import', file)).toBe(1);
      expect(complaints).toContain('cannot be read as a tar');
    });
  });

  it('answers an unknown command with 2', async () => {
    expect(await facehash('frobnicate')).toBe(2);
  });

  it('never prints a key', async () => {
    await facehash('--json', 'model', 'create', 'front-door');
    expect(out).not.toMatch(/fhk_/);
  });
});
