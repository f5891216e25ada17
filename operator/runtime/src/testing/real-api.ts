import { KubeConfig } from '@kubernetes/client-node';
import type { Resource } from '../resource.js';

/** Every API server has these, and nobody acts on them. */
export const configMaps: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true };

/**
 * The kubeconfig of a test's API server, or of something that stands in front of it at another port: a TCP proxy keeps the certificate
 * valid, whose host is 127.0.0.1.
 */
export function kubeConfigAt(
  path: string,
  { port, protocol = 'https' }: { readonly port?: number; readonly protocol?: string } = {},
): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  if (port === undefined) return config;
  config.clusters = config.clusters.map((cluster) => ({
    ...cluster,
    server: `${protocol}://127.0.0.1:${port}`,
    // The client refuses plain HTTP otherwise.
    skipTLSVerify: protocol === 'http',
  }));
  return config;
}

/** The sentence why this machine cannot have the server, so that its tests are skipped. Any other error is thrown on. */
export function whyNotHere(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'cannotBuildHere') return error.message;
  throw error;
}

/** The authority that the kubeconfig trusts, for who speaks TLS without the client. */
export function authorityOf(kubeconfig: string): Buffer {
  return Buffer.from(kubeConfigAt(kubeconfig).getCurrentCluster()?.caData ?? '', 'base64');
}
