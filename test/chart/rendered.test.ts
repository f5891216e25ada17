import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { drawnIn, goldenOf } from './support/golden.js';
import { inChart, lint, noHelm, RELEASE, render } from './support/helm.js';
import { named } from './support/manifests.js';
import { renderedSet, setNames, valueSets, type SetName } from './support/value-sets.js';

const folder = new URL('goldens/', import.meta.url);
const update = process.env['UPDATE_CHART'] === '1';
const HEAD = '# What the chart renders, written by UPDATE_CHART=1 and test/chart/rendered.test.ts.\n';
/** What a set is told against, so that what its values do can be seen. */
const baseOf: Readonly<Partial<Record<SetName, SetName>>> = {
  evaluation: 'external',
  namespaced: 'external',
  everything: 'external',
  traefik: 'evaluation',
  least: 'external',
};

it('the chart has no template that nothing includes', async () => {
  const templates = inChart('templates');
  const files = (await readdir(templates, { recursive: true })).filter((file) => /\.(?:tpl|yaml|txt)$/.test(file));
  const text = (await Promise.all(files.map((file) => readFile(join(templates, file), 'utf8')))).join('\n');
  const defined = [...text.matchAll(/define "([^"]+)"/g)].map(([, name = '']) => name);
  expect(defined.length).toBeGreaterThan(20);
  expect(defined.filter((name) => !text.includes(`include "${name}"`))).toEqual([]);
});

describe('what the chart renders', () => {
  if (noHelm !== undefined) it.skip(`is not looked at: ${noHelm}`, () => undefined);
  else rendered();
});

function rendered(): void {
  it.each(setNames)('is what was looked at before: %s', async (name) => {
    const baseName = baseOf[name];
    const base = baseName && { name: baseName, objects: await renderedSet(baseName) };
    const golden = HEAD + (await goldenOf(await renderedSet(name), base));
    const file = new URL(`${name}.yaml`, folder);
    if (update) await mkdir(folder, { recursive: true }).then(() => writeFile(file, golden));
    expect(golden).toBe(await readFile(file, 'utf8'));
  });

  it.each(setNames)('gives Helm nothing to complain of: %s', async (name) => {
    expect(await lint(valueSets[name])).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(setNames)('says of every object what it is part of: %s', async (name) => {
    for (const { kind, metadata } of await renderedSet(name)) {
      expect({ kind, labels: metadata.labels }).toEqual({
        kind,
        labels: expect.objectContaining({
          'app.kubernetes.io/name': 'facehash',
          'app.kubernetes.io/instance': RELEASE,
          'app.kubernetes.io/component': expect.any(String),
          'app.kubernetes.io/version': expect.any(String),
          'app.kubernetes.io/managed-by': 'Helm',
          'app.kubernetes.io/part-of': 'facehash',
          'helm.sh/chart': expect.stringMatching(/^facehash-\d/),
        }),
      });
    }
  });

  it('brings the resource definition as it is generated, and keeps it when the release goes', async () => {
    const { spec } = parse(await readFile(inChart('files/crd-facemodels.yaml'), 'utf8'), { version: '1.1' });
    const definition = named(await renderedSet('external'), 'CustomResourceDefinition', 'facemodels.facehash.dev');
    expect(definition['spec']).toEqual(spec);
    expect(definition.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect((await renderedSet('least')).map(({ kind }) => kind)).not.toContain('CustomResourceDefinition');
  });

  it('gives every alert its runbook', async () => {
    const alerts = named(await renderedSet('everything'), 'PrometheusRule', 'facehash-alerts');
    const { groups } = alerts['spec'] as { groups: { rules: { alert?: string; annotations: Record<string, string> }[] }[] };
    const rules = groups.flatMap((group) => group.rules).filter(({ alert }) => alert !== undefined);
    expect(rules).not.toEqual([]);
    for (const { alert = '', annotations } of rules)
      expect(annotations['runbook_url']).toBe(`https://runbooks.example.org/faces#${alert.toLowerCase()}`);
  });

  it('marks what is scraped of single models as the alerts know it', async () => {
    const monitor = named(await renderedSet('everything'), 'PodMonitor', 'facehash-dedicated');
    const { podMetricsEndpoints } = monitor['spec'] as { podMetricsEndpoints: { relabelings: object[] }[] };
    expect(podMetricsEndpoints).toEqual([
      expect.objectContaining({ relabelings: expect.arrayContaining([{ targetLabel: 'serving', replacement: 'Dedicated' }]) }),
    ]);
    expect(await readFile(inChart('files/alerts.yaml'), 'utf8')).toContain('facehash_readiness{serving!="Dedicated"}');
  });

  it('draws a password of its own for each store and each role', async () => {
    const drawn = drawnIn(await renderedSet('evaluation'));
    expect(drawn.length).toBe(8);
    expect(new Set(drawn).size).toBe(8);
    expect(drawnIn(await render(valueSets.evaluation)).filter((secret) => drawn.includes(secret))).toEqual([]);
  });

  it('names every object once', async () => {
    for (const name of setNames) {
      const objects = await renderedSet(name);
      const ids = objects.map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata.namespace, metadata.name].join(' '));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
}
