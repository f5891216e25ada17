import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@facehash/facemodel';
import { parseTrainingProfiles, type TrainingProfiles } from '@facehash/operator-reconcilers';
import { startApiServer, type ApiServer } from '@facehash/test-servers';
import { parse, parseAllDocuments } from 'yaml';
import { Kubectl } from '../support/cluster.js';
import { checkout } from '../support/documents.js';
import { faceModelsServed } from '../support/face-models-served.js';
import { serversOrReason } from '../support/servers.js';

const folder = join(checkout, 'deploy/examples');
const faceModels = (await readdir(join(folder, 'facemodels'))).sort();
const binaries = await serversOrReason(['etcd', 'kube-apiserver', 'kubectl']);

async function documentsOf(path: string): Promise<readonly unknown[]> {
  return parseAllDocuments(await readFile(join(folder, path), 'utf8')).map((document) => document.toJS() as unknown);
}

describe('the FaceModels among the examples', () => {
  it.each(faceModels)('are what a parser takes: %s', async (name) => {
    const parsed = (await documentsOf(`facemodels/${name}`)).map((document) => parseManifest(document));
    expect(parsed.map(({ ok }) => ok)).not.toContain(false);
    expect(parsed.length).toBeGreaterThan(0);
  });

  if (typeof binaries === 'string') it.skip(`are not applied: ${binaries}`, () => undefined);
  else onApiServer();
});

function onApiServer(): void {
  let api: ApiServer;
  let kubectl: Kubectl;

  beforeAll(async () => {
    api = await startApiServer();
    kubectl = await Kubectl.of(api);
    await kubectl.run('apply', '--server-side', '-f', join(checkout, 'charts/facehash/files/crd-facemodels.yaml'));
    await faceModelsServed((...args) => kubectl.run(...args));
  });
  afterAll(() => api?.stop());

  it.each(faceModels)('are taken by the API server, by every rule of the resource definition: %s', async (name) => {
    const said = await kubectl.run('apply', '--dry-run=server', '-f', join(folder, 'facemodels', name));
    const documents = await documentsOf(`facemodels/${name}`);
    const taken = said.split('\n').filter((line) => /^facemodel\.facehash\.dev\/[\w-]+ created \(server dry run\)$/.test(line));
    expect({ said, taken: taken.length }).toEqual({ said: taken.join('\n'), taken: documents.length });
  });

  it('would be refused if one of them said what the definition forbids', async () => {
    const refused = {
      apiVersion: 'facehash.dev/v1alpha1',
      kind: 'FaceModel',
      metadata: { name: 'refused' },
      spec: { limits: { burst: 5 } },
    };
    await expect(kubectl.apply(refused)).rejects.toThrow('needs requestsPerSecond beside it');
  });

  it('have beside them a priority class that it takes, too', async () => {
    const said = await kubectl.run('apply', '--dry-run=server', '-f', join(folder, 'gpu-node-pool/priority-class.yaml'));
    expect(said).toBe('priorityclass.scheduling.k8s.io/facehash-training created (server dry run)');
  });
}

/** The profiles of a file with values of the chart, as the operator gets them: the chart adds the images. */
async function profilesOf(path: string): Promise<TrainingProfiles> {
  const values = parse(await readFile(join(folder, path), 'utf8')) as { training: { profiles: Record<string, Record<string, unknown>> } };
  const given = Object.entries(values.training.profiles).map(([name, { gpu: _, ...profile }]) => [
    name,
    { image: 'facehash/trainer:1', ...profile },
  ]);
  const least = { image: 'facehash/trainer:1', resources: {} };
  const parsed = parseTrainingProfiles({ default: least, ...Object.fromEntries(given) });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.profiles;
}

describe('the training profiles among the examples', () => {
  it('are read by the operator, and are those that the examples name', async () => {
    const profiles = { ...(await profilesOf('kueue/values.yaml')), ...(await profilesOf('gpu-node-pool/values.yaml')) };
    const named = (await Promise.all(faceModels.map((name) => documentsOf(`facemodels/${name}`)))).flat().map((document) => {
      const parsed = parseManifest(document);
      return parsed.ok ? parsed.manifest.spec.training.profile : 'none';
    });
    expect(named).toContain('gpu');
    expect(named.filter((name) => profiles[name] === undefined)).toEqual([]);
  });

  it('send runs with a GPU to its nodes, and have the class that comes with them', async () => {
    const { gpu, 'gpu-only': only } = await profilesOf('gpu-node-pool/values.yaml');
    const [priority] = (await documentsOf('gpu-node-pool/priority-class.yaml')) as [{ metadata: { name: string } }];
    expect(gpu).toMatchObject({ nodeSelector: {}, acceleratorNodeSelector: { 'nvidia.com/gpu.present': 'true' } });
    expect(gpu?.runtimeClassName).toBeUndefined();
    expect(only).toMatchObject({ runtimeClassName: 'nvidia', nodeSelector: { 'nvidia.com/gpu.present': 'true' } });
    for (const profile of [gpu, only]) expect(profile?.priorityClassName).toBe(priority.metadata.name);
  });

  it('of Kueue name a queue that there is, whose quota covers all that they ask for', async () => {
    const objects = (await documentsOf('kueue/queues.yaml')) as readonly KueueObject[];
    const profiles = Object.values(await profilesOf('kueue/values.yaml'));
    expect(profiles).toHaveLength(2);
    for (const { queueName, resources } of profiles) {
      const local = objectOf(objects, 'LocalQueue', queueName);
      expect(local.metadata.namespace).toBe('facehash');
      const groups = objectOf(objects, 'ClusterQueue', local.spec?.clusterQueue).spec?.resourceGroups;
      expect(groups).toEqual([expect.objectContaining({ coveredResources: [...Object.keys(resources.requests), 'nvidia.com/gpu'] })]);
      for (const { name } of groups?.[0]?.flavors ?? []) expect(objectOf(objects, 'ResourceFlavor', name)).toBeDefined();
    }
  });

  it('of Kueue have flavors with a quota for each resource', async () => {
    const objects = (await documentsOf('kueue/queues.yaml')) as readonly KueueObject[];
    const groups = objects.flatMap(({ spec }) => spec?.resourceGroups ?? []);
    const quotas = groups.flatMap(({ flavors }) => flavors.map(({ resources }) => resources.map(({ name }) => name)));
    expect(quotas).toEqual([groups[0]?.coveredResources, groups[0]?.coveredResources]);
  });
});

function objectOf(objects: readonly KueueObject[], kind: string, name: string | undefined): KueueObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name ?? ''}`);
  return found;
}

interface KueueObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: { readonly clusterQueue?: string; readonly resourceGroups?: readonly Group[] };
}

interface Group {
  readonly coveredResources: readonly string[];
  readonly flavors: readonly { readonly name: string; readonly resources: readonly { readonly name: string }[] }[];
}
