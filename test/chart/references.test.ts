import { dedicatedTemplate } from '@facehash/operator-reconcilers';
import { parse } from 'yaml';
import { noHelm, render, type Values } from './support/helm.js';
import { idOf, named, ofKind, podsOf, type Container, type Manifest, type Pod, type PodSpec, type Volume } from './support/manifests.js';
import { renderedSet, setNames, valueSets } from './support/value-sets.js';

type Labels = Readonly<Record<string, string>>;

interface Service {
  readonly selector: Labels;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: string | number }[];
}

interface Backend {
  readonly name: string;
  readonly port: number | { readonly name: string };
}

describe('what objects of the chart refer to', () => {
  if (noHelm !== undefined) it.skip(`is not looked for: ${noHelm}`, () => undefined);
  else found();
});

function found(): void {
  it.each(setNames)('is there, or is named by a value, where pods have it: %s', async (name) => {
    const objects = await renderedSet(name);
    const pods = [...podsOf(objects), ...dedicatedIn(objects)];
    const missing = pods
      .flatMap((pod) => wantedBy(pod).map((want) => ({ pod, want })))
      .filter(({ pod, want }) => !isThere(objects, pod, want, valueSets[name]));
    expect(missing.map(({ pod, want }) => `${pod.of}: ${want.kind} ${want.name}`)).toEqual([]);
  });

  it('would be missed', async () => {
    const objects = await renderedSet('evaluation');
    const without = objects.filter((object) => idOf(object) !== 'Secret platform/facehash-evaluation-s3');
    const missed = (of: readonly Manifest[]) =>
      podsOf(of).flatMap((pod) => wantedBy(pod).filter((want) => !isThere(of, pod, want, valueSets.evaluation)));
    expect(missed(objects)).toEqual([]);
    // As a volume of two, and the two keys that the store itself reads.
    expect(missed(without)).toHaveLength(4);
  });

  it.each(setNames)('is a volume of the same pod, mounted at a place of its own: %s', async (name) => {
    const objects = await renderedSet(name);
    for (const { of, spec, claims } of [...podsOf(objects), ...dedicatedIn(objects)]) {
      const volumes = [...(spec.volumes ?? []).map((volume) => volume.name), ...claims].sort();
      const mounts = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
      expect({ of, mounted: mounts.map((mount) => mount.name).sort() }).toEqual({ of, mounted: volumes });
      expect(new Set(mounts.map(({ mountPath }) => mountPath)).size).toBe(mounts.length);
    }
  });

  it.each(setNames)('is a port that the pods name: %s', async (name) => {
    const objects = await renderedSet(name);
    for (const service of ofKind(objects, 'Service')) {
      const { selector, ports } = service['spec'] as Service;
      const selected = podsOf(objects).filter(({ labels }) => matches(selector, labels));
      expect({ service: idOf(service), pods: selected.length }).toEqual({ service: idOf(service), pods: 1 });
      for (const { targetPort } of ports) expect(portsOf(selected)).toContain(targetPort);
    }
    for (const { of, spec } of podsOf(objects))
      expect({ of, unknown: probed(spec).filter((port) => typeof port === 'string' && !portsOf([{ spec }]).includes(port)) }).toEqual({
        of,
        unknown: [],
      });
  });

  it.each(['everything', 'traefik'] as const)('is a Service at a port that it has, where requests come in: %s', async (name) => {
    const objects = await renderedSet(name);
    const backends = [...ofKind(objects, 'Ingress').flatMap(backendsOfIngress), ...ofKind(objects, 'HTTPRoute').flatMap(backendsOfRoute)];
    expect(backends).toHaveLength(name === 'everything' ? 3 : 1);
    for (const { name: service, port } of backends) {
      const { ports } = named(objects, 'Service', service)['spec'] as Service;
      expect(ports.map((each) => (typeof port === 'number' ? each.port : each.name))).toContain(
        typeof port === 'number' ? port : port.name,
      );
    }
  });

  it.each(setNames)('are the pods of one workload, where they are selected: %s', async (name) => {
    const objects = await renderedSet(name);
    const selecting = objects.filter(({ kind }) => ['Deployment', 'StatefulSet', 'PodDisruptionBudget'].includes(kind));
    for (const object of selecting) {
      const { selector } = object['spec'] as { readonly selector: { readonly matchLabels: Labels } };
      const selected = podsOf(objects).filter(({ labels }) => matches(selector.matchLabels, labels));
      expect({ object: idOf(object), pods: selected.length }).toEqual({ object: idOf(object), pods: 1 });
    }
    for (const scaler of ofKind(objects, 'HorizontalPodAutoscaler')) {
      const { scaleTargetRef } = scaler['spec'] as { readonly scaleTargetRef: { readonly kind: string; readonly name: string } };
      const target = named(objects, scaleTargetRef.kind, scaleTargetRef.name);
      // Who scales and who applies would take turns.
      expect(target['spec']).not.toHaveProperty('replicas');
    }
  });

  it('is what Prometheus scrapes: both programs, ready or not', async () => {
    const objects = await renderedSet('everything');
    const { selector, endpoints } = named(objects, 'ServiceMonitor', 'facehash-metrics')['spec'] as {
      readonly selector: { readonly matchLabels: Labels };
      readonly endpoints: readonly { readonly port: string }[];
    };
    const services = ofKind(objects, 'Service').filter(({ metadata }) => matches(selector.matchLabels, metadata.labels ?? {}));
    expect(services.map(({ metadata }) => metadata.name)).toEqual(['facehash-operator-management', 'facehash-inference-management']);
    for (const { spec } of services) {
      expect((spec as Service).ports.map((port) => port.name)).toEqual(endpoints.map(({ port }) => port));
      expect(spec).toMatchObject({ publishNotReadyAddresses: true });
    }
  });

  it('has names that Kubernetes takes, however long the release’s is', async () => {
    const release = `a-release-with-a-name-as-long-as-helm-lets-it-${'b'.repeat(7)}`;
    expect(release).toHaveLength(53);
    const objects = await render(valueSets.evaluation, { release });
    const names = (kind: string): readonly string[] => ofKind(objects, kind).map(({ metadata }) => metadata.name);
    for (const name of [...names('Service'), ...names('StatefulSet')]) expect(name).toMatch(/^[a-z0-9-]{1,63}$/);
    for (const name of names('FaceModel')) expect(name).toMatch(/^[a-z0-9-]{1,40}$/);
    for (const { metadata } of objects)
      for (const label of Object.values(metadata.labels ?? {})) expect(label.length).toBeLessThanOrEqual(63);
    expect(new Set(objects.map(idOf)).size).toBe(objects.length);
  });
}

interface Want {
  readonly kind: string;
  readonly name: string;
  readonly key?: string;
}

function wantedBy({ spec }: Pod): readonly Want[] {
  const { volumes = [], containers, imagePullSecrets = [], serviceAccountName } = spec;
  return [
    ...volumes.flatMap(wantedByVolume),
    ...containers.flatMap(wantedByContainer),
    ...imagePullSecrets.map(({ name }) => ({ kind: 'Secret', name })),
    ...(serviceAccountName === undefined ? [] : [{ kind: 'ServiceAccount', name: serviceAccountName }]),
  ];
}

function wantedByVolume({ secret, configMap }: Volume): readonly Want[] {
  return [...(secret ? [{ kind: 'Secret', name: secret.secretName }] : []), ...(configMap ? [{ kind: 'ConfigMap', ...configMap }] : [])];
}

function wantedByContainer({ env = [], envFrom = [] }: Container): readonly Want[] {
  return [
    ...env.flatMap(({ valueFrom: { secretKeyRef, configMapKeyRef } = {} }) => [
      ...(secretKeyRef ? [{ kind: 'Secret', ...secretKeyRef }] : []),
      ...(configMapKeyRef ? [{ kind: 'ConfigMap', ...configMapKeyRef }] : []),
    ]),
    ...envFrom.flatMap(({ secretRef, configMapRef }) => [
      ...(secretRef ? [{ kind: 'Secret', name: secretRef.name ?? '' }] : []),
      ...(configMapRef ? [{ kind: 'ConfigMap', name: configMapRef.name ?? '' }] : []),
    ]),
  ];
}

/** In the pod's namespace, or a text of the values, or what the operator makes for a FaceModel that is there. */
function isThere(objects: readonly Manifest[], { namespace }: Pod, { kind, name, key }: Want, values: Values): boolean {
  const object = ofKind(objects, kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (object) return key === undefined || key in { ...(object['data'] as object), ...(object['stringData'] as object) };
  if (textsIn(values).includes(name)) return true;
  const models = ofKind(objects, 'FaceModel').filter(({ metadata }) => metadata.namespace === namespace);
  return kind === 'Secret' && key === 'api-key' && models.some(({ metadata }) => name === `${metadata.name}-api-key`);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Pods that the operator would make. */
function dedicatedIn(objects: readonly Manifest[]): readonly Pod[] {
  const [configMap] = ofKind(objects, 'ConfigMap').filter(({ metadata }) => metadata.name === 'facehash-dedicated');
  if (!configMap) return [];
  const { volumes, volumeMounts, env, envFrom, image, imagePullSecrets } = dedicatedTemplate.parse(
    parse((configMap['data'] as Labels)['template.yaml'] ?? ''),
  );
  const container = { name: 'inference', image, volumeMounts, env, envFrom } as unknown as Container;
  const spec = { volumes, imagePullSecrets, containers: [container] } as unknown as PodSpec;
  return [{ of: 'Dedicated', namespace: configMap.metadata.namespace ?? '', labels: {}, spec, claims: [] }];
}

function matches(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

function portsOf(pods: readonly Pick<Pod, 'spec'>[]): readonly (string | number)[] {
  const ports = pods.flatMap(({ spec }) => spec.containers.flatMap((container) => container.ports ?? []));
  return ports.flatMap(({ name, containerPort }) => [containerPort, ...(name === undefined ? [] : [name])]);
}

function probed({ containers }: PodSpec): readonly (string | number)[] {
  return containers
    .flatMap(({ startupProbe, readinessProbe, livenessProbe }) => [startupProbe, readinessProbe, livenessProbe])
    .flatMap((probe) => (probe?.httpGet ? [probe.httpGet.port] : []));
}

function backendsOfIngress({ spec }: Manifest): readonly Backend[] {
  const { rules } = spec as {
    readonly rules: readonly { readonly http: { readonly paths: readonly { readonly backend: { readonly service: Backend } }[] } }[];
  };
  return rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service));
}

function backendsOfRoute({ spec }: Manifest): readonly Backend[] {
  const { rules } = spec as { readonly rules: readonly { readonly backendRefs: readonly Backend[] }[] };
  return rules.flatMap(({ backendRefs }) => backendRefs);
}
