import { KubeConfig } from '@kubernetes/client-node';
import type { OperatorConfig } from './config.js';

/** The file that is named, or the service account of the pod. */
export function kubeConfigOf({ kubeconfig }: Pick<OperatorConfig, 'kubeconfig'>): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  return config;
}
