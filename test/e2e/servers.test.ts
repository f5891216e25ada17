import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { listServers, serverBinaries, serverNames, startApiServer, startServer, type ApiServer } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { serversOrReason } from '../support/servers.js';

const run = promisify(execFile);
const binaries = await serversOrReason(serverNames);

describe('real servers, from pinned source', () => {
  if (typeof binaries === 'string') it.skip(`are not started: ${binaries}`, () => undefined);
  else realServers(binaries);
});

function realServers(program: Record<string, string>): void {
  it('are built once: where everything is built, neither Go nor pip is asked for', async () => {
    const said: string[] = [];
    const withoutTools = { ...process.env, PATH: '/nowhere' };
    expect(await serverBinaries(serverNames, { env: withoutTools, onProgress: (line) => said.push(line) })).toEqual(program);
    expect(said).toEqual([]);
    expect((await listServers()).filter(({ built }) => !built)).toEqual([]);
  });

  it.each([
    ['nats-server', ['--version']],
    ['minio', ['--version']],
    ['etcd', ['--version']],
    ['kube-apiserver', ['--version']],
    ['kube-controller-manager', ['--version']],
    ['kube-scheduler', ['--version']],
    ['kube-proxy', ['--version']],
    ['kubelet', ['--version']],
    ['kubectl', ['version', '--client']],
    ['containerd', ['--version']],
    ['containerd-shim-runc-v2', ['-v']],
    ['ctr', ['--version']],
    ['helm', ['version', '--short']],
    ['coredns', ['-version']],
    ['kubeconform', ['-v']],
    ['local-path-provisioner', ['--version']],
    ['kube-router', ['--version']],
    ['prometheus-alerts', ['--version']],
    ['traefik', ['version']],
  ])('%s is the version that is pinned', async (name, args) => {
    const { stdout, stderr } = await run(program[name] ?? '', args, { timeout: 30_000 });
    const { version = '' } = (await listServers()).find((server) => server.name === name) ?? {};
    // MinIO's is a time: of v0.0.0-20260212201848-7aac2a2c5b7c it says RELEASE.2026-02-12T20-18-48Z.
    const time = /^v0\.0\.0-(\d{4})(\d\d)(\d\d)/.exec(version);
    expect(stdout + stderr).toContain(time === null ? version.slice(1) : time.slice(1).join('-'));
  });

  it('NATS lets in who has the password, keeps streams, and refuses others', async () => {
    await using nats = await startServer('nats');
    const { hostname, port, username, password } = new URL(nats.url);
    const speak = async (user: string, secret: string): Promise<string> => {
      const socket = connect({ host: hostname, port: Number(port) });
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      socket.write(`CONNECT ${JSON.stringify({ verbose: false, user, pass: secret })}\r\nPING\r\n`);
      await Promise.race([once(socket, 'close'), until(() => heard.includes('PONG') || heard.includes('-ERR'))]);
      socket.destroy();
      return heard;
    };
    const welcome = await speak(username, password);
    expect(JSON.parse(/^INFO (.*)\r\n/.exec(welcome)?.[1] ?? '')).toMatchObject({ auth_required: true, jetstream: true });
    expect(welcome).toContain('PONG');
    expect(await speak(username, 'guess')).toContain('Authorization Violation');
  });

  it('MinIO answers as S3 does, and lets nobody in without a signature', async () => {
    await using minio = await startServer('minio');
    const { origin, username, password } = new URL(minio.url);
    expect([username, password.length]).toEqual(['facehash', 48]);
    expect((await fetch(`${origin}/minio/health/live`)).status).toBe(200);
    const refused = await fetch(`${origin}/some-bucket/some-object`);
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('<Code>AccessDenied</Code>');
  });

  it('FerretDB ends by itself when it is told to, with code 0', async () => {
    const mongo = await startServer('mongo');
    const { process: details } = mongo;
    process.kill(details?.pid ?? 0, 'SIGTERM');
    expect(await details?.ended).toBe('ended with 0');
    await mongo.stop();
  });

  it('FerretDB tells the port that it took when it was told to take any', async () => {
    await using folder = await temporaryFolder();
    const child = execFile(program['ferretdb'] ?? '', ['-listen', '127.0.0.1:0', '-dir', join(folder.path, 'data')]);
    try {
      const [line] = (await once(child.stdout ?? child, 'data')) as [string];
      const port = Number(/^listening on mongodb:\/\/127\.0\.0\.1:(\d+)\/$/m.exec(line)?.[1]);
      const socket = connect({ port, host: '127.0.0.1' });
      await once(socket, 'connect');
      socket.destroy();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('etcd keeps a value', async () => {
    await using etcd = await startServer('etcd');
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const ask = async (what: string, body: object): Promise<unknown> =>
      (await fetch(`${etcd.url}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) })).json();
    await ask('put', { key: base64('a'), value: base64('one') });
    expect(await ask('range', { key: base64('a') })).toMatchObject({ kvs: [{ value: base64('one') }] });
  });

  it('Traefik takes up a route and passes requests on', async () => {
    await using traefik = await startServer('traefik');
    const behind = createServer((request, answer) => answer.end(`behind: ${request.url ?? ''}`)).listen(0, '127.0.0.1');
    try {
      await once(behind, 'listening');
      const { port } = behind.address() as { port: number };
      const http = {
        routers: { all: { rule: 'PathPrefix(`/`)', service: 'behind' } },
        services: { behind: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${port}` }] } } },
      };
      await writeFile(join(traefik.process?.folder ?? '', 'dynamic/routes.yaml'), JSON.stringify({ http }));
      await until(async () => (await fetch(`${traefik.url}/hello`)).ok);
      expect(await (await fetch(`${traefik.url}/hello`)).text()).toBe('behind: /hello');
    } finally {
      behind.close();
    }
  });

  it('CoreDNS resolves a name', async () => {
    await using coredns = await startServer('coredns');
    const resolver = new Resolver({ timeout: 5000, tries: 2 });
    resolver.setServers([new URL(coredns.url).host]);
    expect(await resolver.resolve4('facehash.test')).toEqual(['192.0.2.1']);
  });

  it('kubeconform tells a resource that fits its schema from one that does not', async () => {
    await using folder = await temporaryFolder();
    const schema = { type: 'object', properties: { data: { type: 'object', additionalProperties: { type: 'string' } } } };
    const check = async (data: object): Promise<unknown> => {
      const path = join(folder.path, 'resource.json');
      await writeFile(path, JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data }));
      const args = ['-schema-location', `${folder.path}/{{ .ResourceKind }}.json`, '-output', 'json', path];
      return run(program['kubeconform'] ?? '', args, { timeout: 30_000 }).then(
        () => 'valid',
        (error: unknown) => (error as { stdout: string }).stdout,
      );
    };
    await writeFile(join(folder.path, 'configmap.json'), JSON.stringify(schema));
    expect(await check({ a: 'text' })).toBe('valid');
    expect(await check({ a: 1 })).toContain('want string');
  });

  describe('an API server without nodes', () => {
    let api: ApiServer;
    beforeAll(async () => (api = await startApiServer()));
    afterAll(() => api.stop());
    const kubectl = async (...args: string[]): Promise<string> =>
      (await run(program['kubectl'] ?? '', ['--kubeconfig', api.kubeconfig, ...args], { timeout: 60_000 })).stdout;

    it('is the version that kubectl is', async () => {
      const { clientVersion, serverVersion } = JSON.parse(await kubectl('version', '-o', 'json')) as Record<string, { gitVersion: string }>;
      expect(serverVersion?.gitVersion).toBe(clientVersion?.gitVersion);
      expect(serverVersion?.gitVersion).toMatch(/^v1\.\d+\.\d+$/);
    });

    it('keeps what fits its schema, and refuses what does not', async () => {
      await kubectl('create', 'configmap', 'settings', '--from-literal=colour=green');
      expect(JSON.parse(await kubectl('get', 'configmap', 'settings', '-o', 'json'))).toMatchObject({ data: { colour: 'green' } });
      await expect(kubectl('create', 'service', 'clusterip', 'bad name', '--tcp=80')).rejects.toThrow('Invalid value');
    });

    it('takes the definitions of the Gateway API', async () => {
      await kubectl('apply', '--server-side', '-f', join(program['gateway-api-crds'] ?? '', 'standard'));
      expect(await kubectl('get', 'crd', '-o', 'name')).toContain('httproutes.gateway.networking.k8s.io');
    });

    it('refuses who has no token', async () => {
      await expect(kubectl('--token', 'guess', 'get', 'configmaps')).rejects.toThrow('Unauthorized');
    });

    it('is where Helm installs a chart', async () => {
      await using chart = await temporaryFolder();
      await mkdir(join(chart.path, 'templates'));
      await writeFile(join(chart.path, 'Chart.yaml'), 'apiVersion: v2\nname: tiny\nversion: 0.1.0\n');
      const template = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  by: helm\n';
      await writeFile(join(chart.path, 'templates/settings.yaml'), template);
      await run(program['helm'] ?? '', ['install', 'first', chart.path, '--kubeconfig', api.kubeconfig], { timeout: 60_000 });
      expect(await kubectl('get', 'configmap', 'first', '-o', 'jsonpath={.data.by}')).toBe('helm');
    });

    it('is gone with its etcd, its folder and its certificates once it is stopped', async () => {
      const second = await startApiServer();
      await second.stop();
      expect(existsSync(second.kubeconfig)).toBe(false);
      await expect(fetch(second.url)).rejects.toThrow();
    });
  });
}

/** Polls until it holds; a throw is a no. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const held = await Promise.resolve()
      .then(holds)
      .catch(() => false);
    if (held) return;
  }
  throw new Error('it did not come to hold within 20 s');
}
