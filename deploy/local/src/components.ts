import { join } from 'node:path';
import { nodeAddress, nodeName, ports, serviceRange } from './addresses.js';
import { helperImage, volatile, type Paths } from './configuration.js';
import type { Component } from './plan.js';
import type { Programs } from './programs.js';

export interface Parts {
  readonly paths: Paths;
  readonly programs: Programs;
  /** Folder that containerd finds its shim and runc by. */
  readonly path: string;
  readonly manifests: string;
  readonly images: string;
  readonly gpus: number;
}

/** Two cores that are busy with other things are slow; an API server that starts alone takes five seconds. */
const timeoutMs = 90_000;

/** All components; the order of those that do not name each other is left to the supervisor, which starts them at once. */
export function components(parts: Parts): readonly Component[] {
  return [...stateAndApi(parts), ...controllers(parts), ...node(parts), policies(parts), ...addons(parts)];
}

function stateAndApi(parts: Parts): readonly Component[] {
  const { paths, programs } = parts;
  const { pki, state } = paths;
  const etcd = `http://127.0.0.1:${ports.etcd}`;
  return [
    server('etcd', {
      argv: [
        programs.etcd,
        `--data-dir=${state}/etcd`,
        `--listen-client-urls=${etcd}`,
        `--advertise-client-urls=${etcd}`,
        `--listen-peer-urls=http://127.0.0.1:${ports.etcdPeers}`,
        // The state ends with the cluster: nothing is gained by waiting for a disk.
        '--unsafe-no-fsync',
      ],
      ready: { kind: 'http', url: `${etcd}/health` },
    }),
    server('kube-apiserver', {
      after: ['etcd'],
      argv: apiServer(parts, etcd, certificateOf(paths, 'apiserver')),
      ready: { kind: 'http', url: `https://127.0.0.1:${ports.api}/readyz`, ca: `${pki}/ca.crt` },
    }),
  ];
}

function controllers(parts: Parts): readonly Component[] {
  const { paths, programs } = parts;
  const { pki, state, kubeconfigOf } = paths;
  return [
    server('kube-controller-manager', {
      after: ['kube-apiserver'],
      argv: [
        programs['kube-controller-manager'],
        `--kubeconfig=${kubeconfigOf('controller-manager')}`,
        ...certificateOf(paths, 'controller-manager'),
        `--service-account-private-key-file=${pki}/service-accounts.key`,
        `--root-ca-file=${pki}/ca.crt`,
        `--cluster-signing-cert-file=${pki}/ca.crt`,
        `--cluster-signing-key-file=${pki}/ca.key`,
        '--use-service-account-credentials',
        '--leader-elect=false',
        // Flexible volumes are of the past, and their folder is on the host.
        `--flex-volume-plugin-dir=${state}/kubelet-plugins`,
      ],
      ready: { kind: 'http', url: `https://127.0.0.1:${ports.controllerManager}/healthz`, ca: `${pki}/ca.crt` },
    }),
    server('kube-scheduler', {
      after: ['kube-apiserver'],
      argv: [
        programs['kube-scheduler'],
        `--kubeconfig=${kubeconfigOf('scheduler')}`,
        ...certificateOf(paths, 'scheduler'),
        '--leader-elect=false',
      ],
      ready: { kind: 'http', url: `https://127.0.0.1:${ports.scheduler}/healthz`, ca: `${pki}/ca.crt` },
    }),
    // Before the controller manager has made it, every pod is refused.
    task('service-account', {
      after: ['kube-controller-manager'],
      argv: kubectl(parts, 'wait', '--for=create', 'serviceaccount/default', '--namespace=default', '--timeout=60s'),
    }),
  ];
}

function certificateOf({ pki }: Paths, name: string): readonly string[] {
  return [`--tls-cert-file=${pki}/${name}.crt`, `--tls-private-key-file=${pki}/${name}.key`];
}

function apiServer({ paths, programs }: Parts, etcd: string, certificate: readonly string[]): string[] {
  const { pki } = paths;
  return [
    programs['kube-apiserver'],
    `--etcd-servers=${etcd}`,
    `--secure-port=${ports.api}`,
    `--advertise-address=${nodeAddress}`,
    `--service-cluster-ip-range=${serviceRange}`,
    ...certificate,
    `--client-ca-file=${pki}/ca.crt`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
    '--profiling=false',
    `--service-account-issuer=https://kubernetes.default.svc`,
    `--service-account-key-file=${pki}/service-accounts.key`,
    `--service-account-signing-key-file=${pki}/service-accounts.key`,
    `--kubelet-client-certificate=${pki}/apiserver-kubelet-client.crt`,
    `--kubelet-client-key=${pki}/apiserver-kubelet-client.key`,
    `--kubelet-certificate-authority=${pki}/ca.crt`,
    // The node has a name that no DNS knows: logs and exec go by its address.
    '--kubelet-preferred-address-types=InternalIP',
  ];
}

function node(parts: Parts): readonly Component[] {
  const { paths, programs, images, gpus } = parts;
  const { state, config, kubeconfigOf } = paths;
  const ctr = [programs.ctr, '--address', `${state}/containerd.sock`];
  const gpuPatch = JSON.stringify({ status: { capacity: { 'nvidia.com/gpu': String(gpus) } } });
  const patch = ['patch', 'node', nodeName, '--subresource=status', '--type=merge', `--patch=${gpuPatch}`];
  return [
    server('containerd', {
      argv: [programs.containerd, '--config', `${config}/containerd.toml`],
      env: { PATH: parts.path },
      ready: { kind: 'command', argv: [...ctr, 'version'] },
    }),
    task('own-images', {
      after: ['containerd'],
      argv: [...ctr, '--namespace', 'k8s.io', 'images', 'import', '--local', images],
    }),
    server('kubelet', {
      after: ['kube-apiserver', 'own-images'],
      argv: [
        programs.kubelet,
        `--kubeconfig=${kubeconfigOf('kubelet')}`,
        `--config=${config}/kubelet.yaml`,
        `--root-dir=${state}/kubelet`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${nodeAddress}`,
      ],
      env: { PATH: parts.path },
      ready: { kind: 'http', url: `http://127.0.0.1:${ports.kubeletHealth}/healthz` },
    }),
    server('kube-proxy', {
      after: ['kube-apiserver'],
      argv: [programs['kube-proxy'], `--config=${config}/proxy.yaml`],
      env: { PATH: parts.path },
      ready: { kind: 'http', url: `http://127.0.0.1:${ports.proxyHealth}/healthz` },
    }),
    task('node-registered', {
      after: ['kubelet'],
      argv: kubectl(parts, 'wait', '--for=create', `node/${nodeName}`, '--timeout=60s'),
    }),
    // The scheduler and the kubelet account for a resource that the node's status names, also where there is no such device.
    task('gpus', { after: ['node-registered'], argv: kubectl(parts, ...patch) }),
    task('node-ready', {
      after: ['gpus'],
      argv: kubectl(parts, 'wait', '--for=condition=Ready', `node/${nodeName}`, '--timeout=60s'),
    }),
  ];
}

/** Network policies are enforced, as on a cluster that is worth it. */
function policies({ paths, programs, path }: Parts): Component {
  return server('network-policies', {
    // Its chains stand before those of kube-proxy, and its sets are of nodes and pods that there are.
    after: ['base-resources', 'kube-proxy', 'node-registered'],
    argv: [
      programs['kube-router'],
      `--kubeconfig=${paths.kubeconfigOf('policies')}`,
      '--run-firewall=true',
      '--run-router=false',
      '--run-service-proxy=false',
      '--run-loadbalancer=false',
      `--service-cluster-ip-range=${serviceRange}`,
      `--health-port=${ports.policiesHealth}`,
      '--metrics-port=0',
    ],
    env: { PATH: path, NODE_NAME: nodeName },
    ready: { kind: 'http', url: `http://127.0.0.1:${ports.policiesHealth}/healthz` },
  });
}

function addons(parts: Parts): readonly Component[] {
  const { paths, programs, manifests } = parts;
  const { config, kubeconfigOf } = paths;
  const apply = (...files: readonly string[]) => {
    const named = files.flatMap((file) => ['--filename', file]);
    return kubectl(parts, 'apply', '--server-side', '--validate=ignore', ...named);
  };
  const kinds = ['gatewayclasses', 'gateways', 'httproutes'].map((name) => `crd/${name}.gateway.networking.k8s.io`);
  return [
    task('base-resources', { after: ['kube-apiserver'], argv: apply(join(manifests, 'base')) }),
    task('gateway-api', { after: ['kube-apiserver'], argv: apply(join(programs['gateway-api-crds'], 'standard')) }),
    task('gateway-api-established', {
      after: ['gateway-api'],
      argv: kubectl(parts, 'wait', '--for=condition=Established', ...kinds, '--timeout=60s'),
    }),
    task('gateway', { after: ['gateway-api-established', 'base-resources'], argv: apply(join(manifests, 'gateway')) }),
    server('coredns', {
      after: ['base-resources'],
      argv: [programs.coredns, '-conf', `${config}/Corefile`],
      ready: { kind: 'http', url: `http://127.0.0.1:${ports.dnsReady}/ready` },
    }),
    server('traefik', {
      after: ['gateway'],
      argv: [programs.traefik, `--configfile=${config}/traefik.yaml`],
      env: { KUBECONFIG: kubeconfigOf('traefik') },
      ready: { kind: 'http', url: `http://127.0.0.1:${ports.ingressPing}/ping` },
    }),
    server('storage', {
      after: ['base-resources'],
      argv: [
        programs['local-path-provisioner'],
        'start',
        `--kubeconfig=${kubeconfigOf('storage')}`,
        `--config=${config}/storage.json`,
        `--helper-image=${helperImage}`,
      ],
    }),
  ];
}

function kubectl({ programs, paths }: Parts, ...args: readonly string[]): string[] {
  return [programs.kubectl, `--kubeconfig=${paths.kubeconfigOf('admin')}`, `--cache-dir=${volatile}/kubectl`, ...args];
}

type Given = Partial<Omit<Component, 'name' | 'runs' | 'timeoutMs'>> & Pick<Component, 'argv'>;

/** Runs for as long as the cluster; without a probe it is ready once it was started. */
function server(name: string, given: Given): Component {
  return { name, runs: 'always', after: [], env: {}, timeoutMs, ...given };
}

/** Runs to its end. */
function task(name: string, given: Given): Component {
  return { name, runs: 'once', after: [], env: {}, timeoutMs, ...given };
}
