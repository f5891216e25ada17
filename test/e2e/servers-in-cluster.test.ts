import { noClusterHere, TestCluster, type Kubectl } from '../support/cluster.js';
import { namespaceOf, restrictedContainer, restrictedPod } from '../support/deployed.js';
import { imageOf, images, noImages } from '../support/images.js';

/** What each is asked to know that it is well; what it needs of settings beyond its image's own. */
const servers = {
  minio: { probe: { httpGet: { path: '/minio/health/ready', port: 9000 } } },
  nats: { probe: { httpGet: { path: '/healthz', port: 8222 } } },
  ferretdb: { probe: { tcpSocket: { port: 27_017 } } },
  traefik: { probe: { httpGet: { path: '/ping', port: 8080 } }, args: ['--ping', '--entrypoints.web.address=:8000'] },
} as const;

const names = Object.keys(servers) as readonly (keyof typeof servers)[];
const reason = noImages ?? (await noClusterHere()) ?? (names.every((name) => name in images) ? undefined : 'servers were not built');

describe('the images of servers in a cluster', () => {
  if (reason === undefined) evaluated();
  else it.skip(`are not tested: ${reason}`, () => undefined);
});

function evaluated(): void {
  let here: TestCluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    here = await TestCluster.start();
    kubectl = here.kubectl;
    await here.cluster.load(names.map((name) => imageOf(name).archive));
    await kubectl.apply(namespaceOf('servers'));
    // Until it is there, pods are refused.
    await kubectl.run('wait', '--for=create', 'serviceaccount/default', '--namespace', 'servers', '--timeout=60s');
  });

  afterAll(() => here[Symbol.asyncDispose]());

  it.each(names)('%s is healthy in a restricted pod, on a root file system that is read-only', async (name) => {
    const { probe, ...settings } = servers[name];
    const mounts = { volumeMounts: [{ name: 'data', mountPath: '/data' }], readinessProbe: { ...probe, periodSeconds: 1 } };
    const container = { ...restrictedContainer(imageOf(name).reference), name, ...settings, ...mounts };
    const spec = { ...restrictedPod, volumes: [{ name: 'data', emptyDir: {} }], containers: [container] };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'servers' }, spec });
    await kubectl.run('wait', '--for=condition=Ready', `pod/${name}`, '--namespace', 'servers', '--timeout=60s');
  });
}
