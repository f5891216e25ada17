import { stringify } from 'yaml';
import { clusterDomain, dnsServiceAddress, nodeAddress, nodeName, podRange, ports } from './addresses.js';

/** Paths of one cluster, as they are seen inside of its namespaces. */
export interface Paths {
  /** The state folder: on disk, and seen from outside as well. */
  readonly state: string;
  readonly pki: string;
  readonly config: string;
  readonly kubeconfigOf: (holder: string) => string;
}

/** In memory, and in the cluster's mount namespace only. */
export const volatile = '/run/facehash';
export const pauseImage = 'localhost/facehash/pause:1';
/** What the storage provisioner makes and removes folders with. */
export const helperImage = 'localhost/facehash/busybox:1';
const cniFolder = 'cni.d';

/** Every configuration file, by its name in the `config` folder. */
export function configurationFiles(paths: Paths, cgroup: string): Readonly<Record<string, string>> {
  return {
    'containerd.toml': containerd(paths),
    [`${cniFolder}/10-facehash.conflist`]: JSON.stringify(network),
    'kubelet.yaml': stringify(kubelet(paths, cgroup)),
    'proxy.yaml': stringify(proxy(paths)),
    'resolv.conf': `nameserver ${dnsServiceAddress}\n`,
    Corefile: corefile(paths),
    'traefik.yaml': stringify(traefik),
    'storage.json': JSON.stringify({ nodePathMap: [{ node: nodeName, paths: [`${paths.state}/volumes`] }] }),
    ...Object.fromEntries(Object.entries(kernelSettings).map(([name, value]) => [fileOfKernelSetting(name), `${value}\n`])),
  };
}

/**
 * What the kubelet would set for the whole machine, as the kernel has them in no namespace (setupKernelTunables of its container manager).
 * It finds these values in files that lie over the kernel's own, and leaves those alone.
 */
export const kernelSettings: Readonly<Record<string, number>> = {
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxkeys': 1_000_000,
  'kernel/keys/root_maxbytes': 25_000_000,
};

export function fileOfKernelSetting(name: string): string {
  return `kernel/${name.replaceAll('/', '.')}`;
}

const containerd = ({ state, config }: Paths): string => `version = 3
root = "${state}/containerd"
state = "/run/containerd"
# It would make its folder below /opt.
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]
[grpc]
address = "${state}/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"
use_local_image_pull = true
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "${pauseImage}"
[plugins.'io.containerd.cri.v1.runtime']
# In a container or a small virtual machine nobody may lower the score that the kernel's out-of-memory killer goes by.
restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni", "/opt/cni/bin"]
conf_dir = "${config}/${cniFolder}"
`;

const network = {
  cniVersion: '0.4.0',
  name: 'facehash',
  plugins: [
    {
      type: 'bridge',
      bridge: 'facehash0',
      isGateway: true,
      hairpinMode: true,
      ipam: { type: 'host-local', dataDir: `${volatile}/cni`, ranges: [[{ subnet: podRange }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
  ],
};

const kubelet = ({ state, pki, config }: Paths, cgroup: string) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: `/${cgroup}`,
  authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: `${pki}/ca.crt` } },
  authorization: { mode: 'Webhook' },
  clusterDomain,
  clusterDNS: [dnsServiceAddress],
  containerRuntimeEndpoint: `unix://${state}/containerd.sock`,
  tlsCertFile: `${pki}/kubelet.crt`,
  tlsPrivateKeyFile: `${pki}/kubelet.key`,
  failSwapOn: false,
  // A nearly full disk of a developer's machine must not evict pods.
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  imageGCHighThresholdPercent: 100,
  imageGCLowThresholdPercent: 99,
  resolvConf: `${config}/resolv.conf`,
  podLogsDir: `${state}/log/pods`,
  volumePluginDir: `${state}/kubelet-plugins`,
  healthzPort: ports.kubeletHealth,
  // The pods of a test end with it: nothing is gained by the cautious intervals of a big cluster.
  syncFrequency: '10s',
  nodeStatusUpdateFrequency: '5s',
});

const proxy = ({ kubeconfigOf }: Paths) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig: kubeconfigOf('proxy') },
  mode: 'iptables',
  clusterCIDR: podRange,
  hostnameOverride: nodeName,
  healthzBindAddress: `127.0.0.1:${ports.proxyHealth}`,
  // The size of the connection table belongs to the whole machine.
  conntrack: { maxPerCore: 0, min: 0 },
});

const corefile = ({ kubeconfigOf }: Paths): string => `.:${ports.dns} {
  bind ${nodeAddress}
  errors
  ready 127.0.0.1:${ports.dnsReady}
  kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfigOf('coredns')}
    ttl 5
  }
}
`;

/**
 * For uploads of 200 MB and more: nothing is buffered (no middleware does), there is no limit on a body, and a slow line has a quarter
 * of an hour. The API key is part of the path in the ancestor's contract, so the access log names no path, no query, no header.
 */
const traefik = {
  global: { checkNewVersion: false, sendAnonymousUsage: false },
  log: { level: 'WARN', format: 'json' },
  entryPoints: {
    web: {
      address: `:${ports.ingress}`,
      transport: { respondingTimeouts: { readTimeout: '15m', writeTimeout: '15m', idleTimeout: '3m' } },
    },
    ping: { address: `127.0.0.1:${ports.ingressPing}` },
  },
  ping: { entryPoint: 'ping' },
  providers: {
    kubernetesIngress: { ingressEndpoint: { ip: nodeAddress } },
    kubernetesGateway: { statusAddress: { ip: nodeAddress } },
  },
  accessLog: {
    format: 'json',
    fields: {
      defaultMode: 'drop',
      names: Object.fromEntries(
        [
          'StartUTC',
          'Duration',
          'RequestMethod',
          'RequestHost',
          'RequestProtocol',
          'RequestContentSize',
          'DownstreamStatus',
          'DownstreamContentSize',
          'OriginStatus',
          'OriginDuration',
          'RouterName',
          'ServiceName',
          'RetryAttempts',
        ].map((name) => [name, 'keep']),
      ),
      headers: { defaultMode: 'drop' },
    },
  },
};
