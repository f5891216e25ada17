import { parseAllDocuments } from 'yaml';

/** An object of Kubernetes as it stands in a file. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

type Reference = Readonly<Record<string, unknown>> & { readonly name?: string };

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

interface Probe {
  readonly httpGet?: { readonly port: string | number };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly secretRef?: Reference; readonly configMapRef?: Reference }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

/** Everything but its name says of what kind it is. */
export interface Volume {
  readonly name: string;
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
  readonly configMap?: { readonly name: string };
  readonly [kind: string]: unknown;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly Volume[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly [field: string]: unknown;
}

export interface Pod {
  /** Of what makes it, as `Deployment facehash-inference`. */
  readonly of: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
  /** Names of volumes that a StatefulSet brings. */
  readonly claims: readonly string[];
}

/** Of YAML as Kubernetes reads it, where `off` is no text. A key that stands twice is an error: some readers take the first, others the last. */
export function parseManifests(yaml: string): readonly Manifest[] {
  const documents = parseAllDocuments(yaml, { version: '1.1' });
  const [error] = documents.flatMap(({ errors }) => errors);
  if (error) throw error;
  return documents.map((document) => document.toJS() as Manifest | null).filter((object) => object !== null);
}

export function idOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

export function ofKind(objects: readonly Manifest[], kind: string): readonly Manifest[] {
  return objects.filter((object) => object.kind === kind);
}

export function named(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = ofKind(objects, kind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`there is no ${kind} ${name}, but ${objects.map(idOf).join(', ')}`);
  return found;
}

interface Workload {
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }; readonly spec: PodSpec };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** Pods that are there, and those that workloads make. */
export function podsOf(objects: readonly Manifest[]): readonly Pod[] {
  return objects.flatMap((object): readonly Pod[] => {
    const { kind, metadata } = object;
    const [of, namespace] = [`${kind} ${metadata.name}`, metadata.namespace ?? ''];
    if (kind === 'Pod') return [{ of, namespace, labels: metadata.labels ?? {}, spec: object['spec'] as PodSpec, claims: [] }];
    const { template, volumeClaimTemplates = [] } = (object['spec'] ?? {}) as Workload;
    if (!template || kind === 'CustomResourceDefinition') return [];
    const claims = volumeClaimTemplates.map(({ metadata: { name } }) => name);
    return [{ of, namespace, labels: template.metadata?.labels ?? {}, spec: template.spec, claims }];
  });
}

export function podOf(objects: readonly Manifest[], of: string): Pod {
  const found = podsOf(objects).find((pod) => pod.of === of);
  if (!found) throw new Error(`nothing makes pods of ${of}`);
  return found;
}
