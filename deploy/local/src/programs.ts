import { serverBinaries, type BuildOptions } from '@facehash/test-servers';
import { z } from 'zod';

/** What the cluster is made of, by absolute path; the last is a folder of definitions and no program. */
const programs = z.object({
  etcd: z.string(),
  'kube-apiserver': z.string(),
  'kube-controller-manager': z.string(),
  'kube-scheduler': z.string(),
  'kube-proxy': z.string(),
  kubelet: z.string(),
  kubectl: z.string(),
  containerd: z.string(),
  'containerd-shim-runc-v2': z.string(),
  ctr: z.string(),
  coredns: z.string(),
  traefik: z.string(),
  'local-path-provisioner': z.string(),
  'kube-router': z.string(),
  'gateway-api-crds': z.string(),
});

export type Programs = Readonly<z.infer<typeof programs>>;

/** Builds what the cache lacks. */
export async function clusterPrograms(options: BuildOptions): Promise<Programs> {
  return programs.parse(await serverBinaries(Object.keys(programs.shape), options));
}
