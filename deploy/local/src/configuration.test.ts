import { existsSync } from 'node:fs';
import { parse } from 'yaml';
import { components } from './components.js';
import { configurationFiles, kernelSettings } from './configuration.js';
import { preparation } from './preparation.js';
import { inOrder } from './supervision.js';

const paths = { state: '/s', pki: '/s/pki', config: '/s/config', kubeconfigOf: (holder: string) => `/s/config/${holder}.kubeconfig` };
const files = configurationFiles(paths, 'facehash-cluster-1');
const programs = {
  etcd: 'etcd',
  'kube-apiserver': 'kube-apiserver',
  'kube-controller-manager': 'kube-controller-manager',
  'kube-scheduler': 'kube-scheduler',
  'kube-proxy': 'kube-proxy',
  kubelet: 'kubelet',
  kubectl: 'kubectl',
  containerd: 'containerd',
  'containerd-shim-runc-v2': 'containerd-shim-runc-v2',
  ctr: 'ctr',
  coredns: 'coredns',
  traefik: 'traefik',
  'local-path-provisioner': 'local-path-provisioner',
  'kube-router': 'kube-router',
  'gateway-api-crds': '/crd',
};

describe('the configuration of a cluster', () => {
  it('logs nothing of a request that may hold a key: neither path nor query nor header', () => {
    const { accessLog } = parse(files['traefik.yaml'] ?? '') as {
      accessLog: { fields: { defaultMode: string; names: Record<string, string>; headers: { defaultMode: string } } };
    };
    const { fields } = accessLog;
    expect([fields.defaultMode, fields.headers.defaultMode]).toEqual(['drop', 'drop']);
    expect(Object.keys(fields.names).filter((name) => /Path|Line|Query|Addr|Header/.test(name))).toEqual([]);
  });

  it('keeps the pods below the control group of this cluster', () => {
    expect(parse(files['kubelet.yaml'] ?? '')).toMatchObject({ cgroupRoot: '/facehash-cluster-1', failCgroupV1: false });
  });

  it('covers every setting of the kernel that the kubelet would change for the whole machine', () => {
    const covered = preparation('/s/config').flatMap((argv) => (argv.includes('--bind') ? [argv.at(-1)] : []));
    expect(covered).toEqual(Object.keys(kernelSettings).map((name) => `/proc/sys/${name}`));
    for (const path of covered) expect(existsSync(path ?? '')).toBe(true);
    for (const argv of preparation('/s/config').filter(([, flag]) => flag === '--bind')) {
      expect(Object.keys(files)).toContain((argv[2] ?? '').replace('/s/config/', ''));
    }
  });

  it('has components that can be started in an order', () => {
    const all = components({ paths, programs, path: '/bin', manifests: '/m', images: '/s/own.tar', gpus: 2 });
    const names = inOrder(all).map(({ name }) => name);
    expect(names.indexOf('kubelet')).toBeGreaterThan(names.indexOf('kube-apiserver'));
    expect(names.at(-1)).toBe('traefik');
    expect(all.find(({ name }) => name === 'gpus')?.argv.join(' ')).toContain('"nvidia.com/gpu":"2"');
  });
});
