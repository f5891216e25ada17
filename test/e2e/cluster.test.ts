import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster } from '@facehash/local-cluster';
import { eventually } from '@facehash/testing';
import { IN_CLUSTER, noClusterHere, shell, TestCluster, testImageArchive, through, type Kubectl } from '../support/cluster.js';

const reason = await noClusterHere();
const apiKey = 'fh_a-key-that-is-part-of-the-path';

describe('a cluster of this machine', () => {
  if (reason === undefined) aCluster();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

function aCluster(): void {
  let here: TestCluster;
  let cluster: Cluster;
  let kubectl: Kubectl;

  beforeAll(async () => {
    here = await TestCluster.start();
    ({ cluster, kubectl } = here);
    await cluster.load([await testImageArchive(dirname(here.stateDir))]);
  });

  afterAll(async () => {
    await cluster.stop();
    expect(await readdir(here.stateDir)).toEqual([]);
    await here[Symbol.asyncDispose]();
  });

  it('has a node that is ready and says that it has a GPU', async () => {
    const node = JSON.parse(await kubectl.run('get', 'node', 'local', '--output', 'json'));
    expect(node.status.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
    expect(node.status.capacity['nvidia.com/gpu']).toBe('1');
    expect(node.status.nodeInfo.kubeletVersion).toMatch(/^v1\.36\./);
  });

  it('answers through an Ingress and an HTTPRoute, with bodies of 30 MB, and never logs a path', async () => {
    await kubectl.apply(...counter);
    await kubectl.run('rollout', 'status', 'deployment/counter', '--timeout=60s');
    const body = Buffer.alloc(30 * 1024 * 1024, 'face');
    for (const host of ['ingress.example', 'route.example']) {
      const ask = () => through({ ingressUrl: cluster.ingressUrl, host, path: `/cgi-bin/count/${apiKey}?key=${apiKey}` });
      await eventually(ask, ({ status }) => status === 200, IN_CLUSTER);
      const answer = await through({ ingressUrl: cluster.ingressUrl, host, path: `/cgi-bin/count/${apiKey}/train` }, body);
      expect(answer).toEqual({ status: 200, text: `${body.length}\n` });
    }
    expect((await through({ ingressUrl: cluster.ingressUrl, host: 'nobody.example', path: `/${apiKey}` })).status).toBe(404);
    const log = () => readFile(join(cluster.logDir, 'traefik.log'), 'utf8');
    const lines = await eventually(log, (text) => text.includes('"RequestHost":"nobody.example"'), IN_CLUSTER);
    expect(lines).toContain(`"RequestContentSize":${body.length}`);
    expect(lines).not.toContain(apiKey);
  });

  it('resolves the names of services for pods, and lets a service be reached by its own pod', async () => {
    await kubectl.run('wait', '--for=condition=Available', 'deployment/counter', '--timeout=60s');
    const ask =
      'wget -q -O - --post-data 12345 http://counter.default.svc.cluster.local/cgi-bin/count && nslookup kubernetes.default.svc.cluster.local';
    const output = await kubectl.run('exec', 'deployment/counter', '--', 'sh', '-c', ask);
    expect(output).toMatch(/^5\n/);
    expect(output).toContain('10.96.0.1');
    await kubectl.apply({
      ...pod('asks'),
      spec: { ...shell(`wget -q -O - --post-data 123 http://counter/cgi-bin/count`), restartPolicy: 'Never' },
    });
    await kubectl.run('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/asks', '--timeout=60s');
    expect(await kubectl.run('logs', 'asks')).toBe('3');
  });

  it('lets pods be asked by whom a network policy names, and by nobody else', async () => {
    const names = ['friend', 'stranger'];
    for (const name of names) await kubectl.apply({ ...pod(name), metadata: { name, labels: { app: name } }, spec: shell('sleep 3600') });
    await kubectl.run('wait', '--for=condition=Ready', ...names.map((name) => `pod/${name}`), '--timeout=60s');
    const answered = (name: string): Promise<boolean> =>
      kubectl.run('exec', name, '--', 'wget', '-q', '-O', '-', '--post-data', '12', 'http://counter/cgi-bin/count').then(
        (text) => text === '2',
        () => false,
      );
    const all = () => Promise.all(names.map(answered));
    await eventually(all, ([friend, stranger]) => friend === true && stranger === true, IN_CLUSTER);
    await kubectl.apply(friendsOfCounter);
    await eventually(all, ([friend, stranger]) => friend === true && stranger === false, IN_CLUSTER);
    await kubectl.run('delete', 'networkpolicy/counter');
    await eventually(all, ([friend, stranger]) => friend === true && stranger === true, IN_CLUSTER);
    await kubectl.run('delete', ...names.map((name) => `pod/${name}`));
  });

  it('gives its one GPU to one job at a time', async () => {
    await kubectl.apply(gpuJob('first'));
    await kubectl.run('wait', '--for=jsonpath={.status.ready}=1', 'job/first', '--timeout=60s');
    await kubectl.apply(gpuJob('second'));
    const why = 'jsonpath={.items[0].status.conditions[?(@.type=="PodScheduled")].message}';
    const pods = () => kubectl.run('get', 'pods', '--selector', 'job-name=second', '--output', why);
    await eventually(pods, (message) => message.includes('Insufficient nvidia.com/gpu'), IN_CLUSTER);
    await kubectl.run('delete', 'job/first');
    await kubectl.run('wait', '--for=jsonpath={.status.ready}=1', 'job/second', '--timeout=60s');
    await kubectl.run('delete', 'job/second');
  });

  it('binds a claim to a volume, which keeps what was written for as long as the claim', async () => {
    const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await kubectl.apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'kept' }, spec: claim });
    const writer = {
      ...shell('date +%N >> /data/starts; wc -l < /data/starts; sleep 3600', { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'kept' } }],
    };
    for (const starts of ['1', '2']) {
      await kubectl.apply({ ...pod('writer'), spec: writer });
      await kubectl.run('wait', '--for=condition=Ready', 'pod/writer', '--timeout=60s');
      expect(
        await eventually(
          () => kubectl.run('logs', 'writer'),
          (text) => text !== '',
          IN_CLUSTER,
        ),
      ).toBe(starts);
      await kubectl.run('delete', 'pod/writer', '--grace-period=0', '--force');
    }
    const [volume] = await readdir(join(here.stateDir, 'volumes'));
    expect(volume).toContain('kept');
    await kubectl.run('delete', 'pvc/kept');
    await eventually(
      () => readdir(join(here.stateDir, 'volumes')),
      (left) => left.length === 0,
      IN_CLUSTER,
    );
  });

  it('refuses a pod that is less than restricted where a namespace demands it', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await kubectl.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'strict', labels } });
    const strict = { ...pod('careless'), metadata: { name: 'careless', namespace: 'strict' }, spec: shell('sleep 1') };
    await expect(kubectl.apply(strict)).rejects.toThrow('violates PodSecurity "restricted:latest"');
  });

  it('still says so after the kubelet wrote its status many times', async () => {
    const beat = () => kubectl.run('get', 'lease', 'local', '--namespace', 'kube-node-lease', '--output', 'jsonpath={.spec.renewTime}');
    const before = await beat();
    await eventually(beat, (now) => now !== before, IN_CLUSTER);
    expect(await kubectl.run('get', 'node', 'local', '--output', String.raw`jsonpath={.status.allocatable.nvidia\.com/gpu}`)).toBe('1');
  });
}

const pod = (name: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name } });

function gpuJob(name: string) {
  const container = { resources: { limits: { 'nvidia.com/gpu': '1' } } };
  const template = { spec: { ...shell('sleep 3600', container), restartPolicy: 'Never' } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template } };
}

/** Counts the bytes of a body: BusyBox' web server hands them to a script. */
const serve = [
  'mkdir -p /tmp/www/cgi-bin',
  String.raw`printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"\nhead -c "$CONTENT_LENGTH" | wc -c\n' > /tmp/www/cgi-bin/count`,
  'chmod +x /tmp/www/cgi-bin/count',
  'exec httpd -f -p 8080 -h /tmp/www',
].join(' && ');

const labels = { app: 'counter' };
const friendsOfCounter = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'counter' },
  spec: {
    podSelector: { matchLabels: labels },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }], ports: [{ port: 8080 }] }],
  },
};
const backend = { name: 'counter', port: 80 };
const counter = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'counter' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: shell(serve, { ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }),
      },
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'counter' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'counter' },
    spec: {
      rules: [
        {
          host: 'ingress.example',
          http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'counter', port: { number: 80 } } } }] },
        },
      ],
    },
  },
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'counter' },
    spec: {
      parentRefs: [{ name: 'traefik', namespace: 'ingress' }],
      hostnames: ['route.example'],
      rules: [{ backendRefs: [backend] }],
    },
  },
];
