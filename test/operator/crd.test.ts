import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  API_VERSION,
  KIND,
  kubernetesStatusOf,
  parseKubernetesStatus,
  parseManifest,
  type FaceModelStatus,
  type KubernetesFacts,
} from '@facehash/facemodel';
import { faceModelSchema, isNode } from '@facehash/facemodel/crd';
import { aStatus, refusedManifests, takenSpecs } from '@facehash/facemodel/testing';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { Kubectl } from '../support/cluster.js';
import { faceModelsServed } from '../support/face-models-served.js';
import { serversOrReason } from '../support/servers.js';
import { firstDefinition } from './first-definition.js';
import { outOfBounds } from './out-of-bounds.js';

const definition = fileURLToPath(new URL('../../charts/facehash/files/crd-facemodels.yaml', import.meta.url));
const CRD = 'crd/facemodels.facehash.dev';
const binaries = await serversOrReason(['etcd', 'kube-apiserver', 'kubectl']);

describe('the FaceModel as an API server knows it', () => {
  if (typeof binaries === 'string') it.skip(`is not tried: ${binaries}`, () => undefined);
  else onApiServer();
});

interface Stored {
  readonly metadata: { readonly uid: string };
  readonly spec: { readonly serving: unknown; readonly limits: unknown; readonly storageId?: string };
  readonly status: object;
}

function onApiServer(): void {
  let api: ApiServer;
  let kubectl: Kubectl;

  const faceModel = (name: string, spec?: object) => ({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace: 'default' },
    ...(spec && { spec }),
  });
  const get = async (name: string) => JSON.parse(await kubectl.run('get', 'facemodel', name, '-o', 'json')) as Stored;
  const patch = (name: string, change: object, ...options: string[]) =>
    kubectl.run('patch', 'facemodel', name, '--type=merge', '-p', JSON.stringify(change), ...options);
  const writeStatus = (name: string, status: object) => patch(name, { status }, '--subresource=status');
  /** What the API server complains of when these are made, by their names. */
  const complaints = async (models: readonly ReturnType<typeof faceModel>[]): Promise<ReadonlyMap<string, string>> => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'models.yaml');
    // As documents, not as a list: of a list, kubectl checks more by itself, in other words.
    await writeFile(file, models.map((model) => JSON.stringify(model)).join('\n---\n'));
    const said = await kubectl.run('create', '-f', file).then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
    const parts = said.split(/^(?=The FaceModel|Error from server)/m);
    return new Map(parts.map((part) => [/FaceModel(?:\.facehash\.dev)? "([^"]+)" is invalid/.exec(part)?.[1] ?? '', part]));
  };

  // The tests run on a definition that came over an earlier one with resources in it, as it does in most clusters.
  beforeAll(async () => {
    api = await startApiServer();
    kubectl = await Kubectl.of(api);
    await using folder = await temporaryFolder();
    const first = join(folder.path, 'first.yaml');
    await writeFile(first, firstDefinition);
    await kubectl.run('apply', '--server-side', '-f', first);
    await faceModelsServed((...args) => kubectl.run(...args));
    await kubectl.apply(
      faceModel('from-before', { displayName: 'Before', training: { retries: 1 } }),
      faceModel('wrong-since', { limits: { burst: 5 } }),
      faceModel('nothing-said'),
    );
    await writeStatus('from-before', { phase: 'Ready' });
    await kubectl.run('apply', '--server-side', '-f', definition);
    await faceModelsServed((...args) => kubectl.run(...args));
    await until(async () => (await complaints([faceModel('probe', { limits: { burst: 1 } })])).has('probe'));
  });
  afterAll(() => api?.stop());

  it('is established, and its schema is structural', async () => {
    const { status } = JSON.parse(await kubectl.run('get', CRD, '-o', 'json'));
    const conditions = new Map((status.conditions as { type: string; status: string }[]).map((c) => [c.type, c.status]));
    expect(conditions.get('Established')).toBe('True');
    expect(conditions.get('NamesAccepted')).toBe('True');
    expect(conditions.get('NonStructuralSchema')).toBeUndefined();
  });

  describe('from before an upgrade of its definition', () => {
    it('stays readable, with the defaults of the fields that came', async () => {
      const { spec, status } = await get('from-before');
      expect(spec).toMatchObject({ displayName: 'Before', training: { retries: 1, profile: 'default', startDeadlineSeconds: 120 } });
      expect(spec.serving).toEqual({ mode: 'Shared', rollout: { strategy: 'HotSwap', firstWave: 1, progressDeadlineSeconds: 120 } });
      expect(parseManifest(faceModel('from-before', spec))).toMatchObject({ ok: true });
      expect(status).toEqual({ phase: 'Ready' });
      expect((await get('nothing-said')).spec.limits).toEqual({ people: 1000, photos: 100000 });
    });

    it('can be changed although what it says elsewhere would be refused by now', async () => {
      await patch('wrong-since', { spec: { suspend: true } });
      expect((await get('wrong-since')).spec).toMatchObject({ suspend: true, limits: { burst: 5 } });
      await expect(patch('wrong-since', { spec: { limits: { burst: 6 } } })).rejects.toThrow('needs requestsPerSecond beside it');
    });

    it('gets a status as they are written now', async () => {
      const { metadata } = await get('from-before');
      await writeStatus('from-before', kubernetesStatusOf(busyStatus(metadata.uid), facts));
      expect(parseKubernetesStatus((await get('from-before')).status)).toMatchObject({ ok: true, status: busyStatus(metadata.uid) });
    });
  });

  it('gets the defaults that a parser fills in', async () => {
    await kubectl.apply(...takenSpecs.map((spec, i) => faceModel(`taken-${i}`, spec)));
    for (const [i, spec] of takenSpecs.entries()) {
      const stored = (await get(`taken-${i}`)).spec;
      expect(parseManifest(faceModel('a', stored))).toEqual(parseManifest(faceModel('a', spec)));
    }
    const parsed = parseManifest(faceModel('a'));
    expect((await get('taken-0')).spec).toEqual(parsed.ok && withoutNulls(parsed.manifest.spec));
  });

  it('is refused by each rule, in its words', async () => {
    const models = refusedManifests.map(({ name, spec }, i) => faceModel(name ?? `refused-${i}`, spec));
    const said = await complaints(models);
    for (const [i, { path, message }] of refusedManifests.entries()) {
      expect(said.get(models[i]?.metadata.name ?? '')).toMatch(new RegExp(`${escaped(path)}: Invalid value: .*${escaped(message)}`));
    }
  });

  it('is refused beyond each bound, by a parser and by the API server', async () => {
    const { properties } = faceModelSchema();
    const cases = isNode(properties) && isNode(properties['spec']) ? outOfBounds(properties['spec']) : [];
    expect(cases.length).toBeGreaterThan(100);
    const said = await complaints(cases.map(({ spec }, i) => faceModel(`beyond-${i}`, spec)));
    for (const [i, { path, value, spec }] of cases.entries()) {
      const [parsed, complaint] = [parseManifest(faceModel('a', spec)), said.get(`beyond-${i}`) ?? 'nothing was said'];
      const paths = parsed.ok ? [] : parsed.problems.map((problem) => problem.path.replace(/\.\d+$/, ''));
      expect({ path, value, paths }).toEqual({ path, value, paths: expect.arrayContaining([path]) });
      expect({ path, value, complaint }).toEqual({ path, value, complaint: expect.stringContaining(path) });
    }
  });

  it('is refused with a field that nobody knows', async () => {
    const said = await complaints([faceModel('unknown', { training: { epoch: 5 } })]);
    expect(said.get('')).toContain('unknown field "spec.training.epoch"');
  });

  it.each([
    ['changes', 'adopted-1', 'adopted-2'],
    ['goes', 'adopted-1', null],
    ['comes', null, 'adopted-1'],
  ])('is refused a storage id that %s', async (what, before, after) => {
    await kubectl.apply(faceModel(`storage-${what}`, { storageId: before }));
    await expect(patch(`storage-${what}`, { spec: { storageId: after } })).rejects.toThrow(/spec\.storageId: .*is immutable/);
    await patch(`storage-${what}`, { spec: { storageId: before, suspend: true } });
    expect((await get(`storage-${what}`)).spec.storageId).toBe(before ?? undefined);
  });

  it('keeps spec and status apart, and counts changes of the spec only', async () => {
    const status = kubernetesStatusOf(aStatus('fm-1'), facts);
    await kubectl.apply({ ...faceModel('apart'), status });
    expect(await get('apart')).not.toHaveProperty('status');
    await writeStatus('apart', { ...status, phase: 'Waiting' });
    await patch('apart', { status: { phase: 'Ready' }, spec: { suspend: true } });
    await patch('apart', { spec: { suspend: false } }, '--subresource=status');
    expect(await get('apart')).toMatchObject({ metadata: { generation: 2 }, spec: { suspend: true }, status: { phase: 'Waiting' } });
  });

  it('keeps a status as it was written, whether by a patch or applied, and refuses a phase that there is not', async () => {
    const status = kubernetesStatusOf(busyStatus('fm-1'), facts);
    await kubectl.apply(faceModel('patched'), faceModel('applied'));
    await writeStatus('patched', status);
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'applied.json');
    await writeFile(file, JSON.stringify({ ...faceModel('applied'), status }));
    await kubectl.run('apply', '--server-side', '--field-manager=test', '--subresource=status', '-f', file);
    for (const name of ['patched', 'applied']) {
      const parsed = parseKubernetesStatus((await get(name)).status);
      expect(parsed).toEqual({ ok: true, kubernetes: status, status: busyStatus('fm-1') });
    }
    expect(Object.keys((await get('applied')).status).sort()).toEqual(Object.keys(status).sort());
    await expect(writeStatus('patched', { phase: 'Dancing' })).rejects.toThrow('Unsupported value: "Dancing"');
  });

  it('reads well', async () => {
    await kubectl.run('create', 'namespace', 'reading');
    await kubectl.apply({ ...faceModel('front-door'), metadata: { name: 'front-door', namespace: 'reading' } });
    const inNamespace = (...args: string[]) => kubectl.run('--namespace=reading', ...args);
    expect(table(await inNamespace('get', 'fm'))).toEqual([
      ['NAME', 'PHASE', 'PEOPLE', 'PHOTOS', 'ACTIVE', 'TARGET', 'UPDATED', 'AGE'],
      ['front-door', expect.stringMatching(/^\d+s$/)],
    ]);
    const status = kubernetesStatusOf(busyStatus('fm-1'), facts);
    await inNamespace('patch', 'fm', 'front-door', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
    expect(table(await inNamespace('get', 'facehash', '-o', 'wide'))).toEqual([
      ['NAME', 'PHASE', 'PEOPLE', 'PHOTOS', 'ACTIVE', 'TARGET', 'UPDATED', 'AGE', 'REPLICAS', 'REASON', 'MESSAGE'],
      [
        ...['front-door', 'RollingOut', '12', '140', 'v-4f0c2a91b3d7', 'v-0123456789ab', '1', expect.stringMatching(/^\d+s$/)],
        ...['3', 'RollingOut', 'waiting for two replicas'],
      ],
    ]);
    await inNamespace('wait', '--for=condition=Ready', 'facemodel/front-door', '--timeout=5s');
    const explained = await kubectl.run('explain', 'fm.spec.serving.rollout.strategy');
    expect(explained).toContain('running replicas load the new version beside the old one and swap');
    expect(explained).toMatch(/ENUM:\s+HotSwap\s+RestartPods/);
    expect(await kubectl.run('explain', 'fm.spec', '--recursive')).toContain('targetCpuPercent');
  });
}

const facts: KubernetesFacts = {
  previous: null,
  now: new Date('2026-01-01T00:00:00.123Z'),
  jobName: 'front-door-g1-a1',
  queuePosition: 0,
  apiKey: { secretName: 'front-door-api-key', oldKeyValidUntil: null, hashes: ['0'.repeat(64)], rotation: null },
};

/** Everything at once, so that every field of a status is written. */
function busyStatus(storageId: string): FaceModelStatus {
  const at = '2026-01-01T00:00:00.000Z';
  const run = 'v-0123456789ab-g1-a1';
  const active = { name: 'v-4f0c2a91b3d7', snapshot: 31, trainedAt: at, people: 12, photos: 140, backend: 'tensorflow', pipeline: 'p1' };
  const version = { ...active, name: 'v-0123456789ab', rank1: 0.998, knownAcceptRate: null };
  const base = { observedGeneration: 1, reason: 'RollingOut', message: 'waiting for two replicas' } as const;
  return aStatus(storageId, {
    phase: 'RollingOut',
    samples: { people: 12, photos: 140, snapshot: 31 },
    activeVersion: { ...active, rank1: null, knownAcceptRate: 0.985 },
    targetVersion: version.name,
    activation: { version: active.name, at },
    rollout: { version, wave: 'First', replicas: ['0b5d7c1e'], waveStartedAt: at },
    training: {
      ...{ run, stage: 'Extracting', percent: 40, attempt: 1, waitingFor: null },
      lastFailure: { run: null, version: version.name, snapshot: 30, attempt: 1, final: false, code: 'X', message: 'm', at, generation: 1 },
    },
    quarantined: [{ personId: 'p-1', photosDigest: 'd'.repeat(64), run, message: 'm', at }],
    swept: { version: null, snapshot: 30, erased: ['p-2'] },
    replicas: { total: 3, updated: 1, failed: 0 },
    conditions: [
      { ...base, type: 'Ready', status: 'True' },
      { ...base, type: 'Trained', status: 'False' },
    ],
  });
}

/** Kubernetes leaves out what nobody said and what is null. */
function withoutNulls(value: object): object {
  return JSON.parse(JSON.stringify(value, (_, field: unknown) => field ?? undefined)) as object;
}

/** Columns are apart by two blanks or more. */
function table(printed: string): string[][] {
  return printed.split('\n').map((line) => line.trim().split(/\s{2,}/));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (await holds()) return;
  }
  throw new Error('it did not come to hold within 30 s');
}
