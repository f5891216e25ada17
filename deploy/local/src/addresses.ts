/** Inside of the cluster's own network namespace, so they are the same for every cluster and collide with nothing. */
export const nodeName = 'local';
/** On the loopback interface: it needs no other, and pods reach it by their default route. */
export const nodeAddress = '10.99.0.1';
export const podRange = '10.88.0.0/16';
export const serviceRange = '10.96.0.0/16';
/** The first of the service range, which the API server takes for `kubernetes.default`. */
export const apiServiceAddress = '10.96.0.1';
/** What kubeadm and most charts take for the cluster's DNS. */
export const dnsServiceAddress = '10.96.0.10';
export const clusterDomain = 'cluster.local';

export const ports = {
  etcd: 2379,
  etcdPeers: 2380,
  api: 6443,
  controllerManager: 10257,
  scheduler: 10259,
  kubeletHealth: 10248,
  proxyHealth: 10256,
  policiesHealth: 20244,
  dns: 53,
  dnsReady: 8181,
  ingress: 80,
  ingressPing: 8082,
} as const;
