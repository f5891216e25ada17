import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { parse } from 'yaml';
import { inChart, noHelm, refusalOf, render } from './support/helm.js';
import { faultsIn, kindsOf, minors, noSchemas, writeSchemas } from './support/kubeconform.js';
import { named, type Manifest } from './support/manifests.js';
import { renderedSet, setNames, valueSets } from './support/value-sets.js';

const reason = noHelm ?? noSchemas;
const [oldest = ''] = minors;

describe('what the chart renders, by the schemas of Kubernetes,', () => {
  if (reason !== undefined) it.skip(`is not judged: ${reason}`, () => undefined);
  else judged();
});

function judged(): void {
  let folder: TemporaryFolder;
  let all: readonly Manifest[];

  beforeAll(async () => {
    folder = await temporaryFolder();
    all = (await Promise.all(setNames.map(renderedSet))).flat();
    await writeSchemas(folder.path, kindsOf(all));
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  it.each(minors)('is what %s takes, to the last field', async (minor) => {
    expect(all.length).toBeGreaterThan(100);
    expect(await faultsIn(all, join(folder.path, minor))).toEqual([]);
  });

  it.each<[mistake: string, of: readonly [kind: string, name: string], made: (object: Manifest) => object, fault: RegExp]>([
    [
      'a misspelt field',
      ['Deployment', 'facehash-operator'],
      (object) => withSpec(object, { replica: 2 }),
      /additional properties 'replica'/,
    ],
    [
      'a field of a wrong type',
      ['Service', 'facehash-inference'],
      (object) => withSpec(object, { selector: 'all' }),
      /selector': got string, want object/,
    ],
    [
      'a field that is there for nothing',
      ['NetworkPolicy', 'facehash-trainer'],
      (object) => withSpec(object, { ingress: null }),
      /ingress': got null, want array/,
    ],
    [
      'a field that is missing',
      ['Ingress', 'facehash-inference'],
      (object) => withSpec(object, { rules: [{ http: {} }] }),
      /missing property 'paths'/,
    ],
    [
      'a port that is none',
      ['PodDisruptionBudget', 'facehash-operator'],
      (object) => withSpec(object, { maxUnavailable: true }),
      /maxUnavailable': got boolean, want/,
    ],
    [
      'a misspelt field of the Gateway API',
      ['HTTPRoute', 'facehash-inference'],
      (object) => withSpec(object, { hostname: [] }),
      /'hostname'/,
    ],
    [
      'a wrong value in a ServiceMonitor',
      ['ServiceMonitor', 'facehash-metrics'],
      (object) => withSpec(object, { endpoints: [{ interval: '30 s' }] }),
      /interval': '30 s' does not match pattern/,
    ],
    [
      'a misspelt field of a FaceModel',
      ['FaceModel', 'facehash-test'],
      (object) => withSpec(object, { training: { debounce: 1 } }),
      /'debounce'/,
    ],
    ['a misspelt field of an object itself', ['ConfigMap', 'facehash-training'], (object) => ({ ...object, datas: {} }), /'datas'/],
    ['a kind that there is not', ['Role', 'facehash-operator'], (object) => ({ ...object, kind: 'Roll' }), /could not find schema/],
  ])('would not be with %s', async (_, [kind, name], made, fault) => {
    const object = named(await renderedSet('everything'), kind, name);
    expect(await faultsIn([object], join(folder.path, oldest))).toEqual([]);
    expect(await faultsIn([made(object) as Manifest], join(folder.path, oldest))).toEqual([expect.stringMatching(fault)]);
  });

  it('is offered to these minors and to none before', async () => {
    const { kubeVersion } = parse(await readFile(inChart('Chart.yaml'), 'utf8')) as { kubeVersion: string };
    expect(kubeVersion).toBe(`>=${oldest}.0-0`);
    await expect(render(valueSets.least, { kubeVersion: `${oldest}.0` })).resolves.not.toEqual([]);
    const [major = '', minor = ''] = oldest.split('.');
    expect(await refusalOf(valueSets.least, { kubeVersion: `${major}.${Number(minor) - 1}.9` })).toContain('incompatible with Kubernetes');
  });
}

function withSpec(object: Manifest, fields: object): object {
  return { ...object, spec: { ...(object['spec'] as object), ...fields } };
}
