import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minio } from './minio.js';
import { answersHello } from './mongo-hello.js';
import { isOk, secret, type ServerSettings, type SingleServer } from './single-server.js';

/** Made anew for each start, because of the credentials. */
export const singleServers = { nats, minio, mongo, etcd, traefik, coredns } satisfies Record<
  string,
  (settings?: ServerSettings) => SingleServer
>;

function nats({ extraConfig = [] }: ServerSettings = {}): SingleServer {
  const password = secret();
  return {
    name: 'NATS',
    program: 'nats-server',
    ports: ['client', 'monitor'],
    async prepare({ folder, port }) {
      const path = join(folder, 'nats.conf');
      const lines = [
        `listen: "127.0.0.1:${port('client')}"`,
        `http: "127.0.0.1:${port('monitor')}"`,
        `jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))} }`,
        `authorization { user: facehash, password: "${password}" }`,
        ...extraConfig,
      ];
      await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600 });
      return { args: ['--config', path] };
    },
    healthy: ({ port }, signal) => isOk(`http://127.0.0.1:${port('monitor')}/healthz`, signal),
    url: ({ port }) => `nats://facehash:${password}@127.0.0.1:${port('client')}`,
  };
}

/** FerretDB, which speaks MongoDB's protocol. It knows no credentials that drivers could use without a PostgreSQL behind it. */
function mongo(): SingleServer {
  return {
    name: 'FerretDB',
    program: 'ferretdb',
    ports: ['client'],
    prepare: ({ folder, port }) => Promise.resolve({ args: ['-listen', `127.0.0.1:${port('client')}`, '-dir', join(folder, 'data')] }),
    healthy: ({ port }, signal) => answersHello(port('client'), signal),
    url: ({ port }) => `mongodb://127.0.0.1:${port('client')}/`,
  };
}

function etcd(): SingleServer {
  return {
    name: 'etcd',
    program: 'etcd',
    ports: ['client', 'peer'],
    prepare({ folder, port }) {
      const [client, peer] = [`http://127.0.0.1:${port('client')}`, `http://127.0.0.1:${port('peer')}`];
      const clients = ['--listen-client-urls', client, '--advertise-client-urls', client];
      const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`];
      // What is written goes with the folder, so no write need reach the disk.
      return Promise.resolve({
        args: ['--data-dir', join(folder, 'data'), '--unsafe-no-fsync', '--log-level', 'warn', ...clients, ...peers],
      });
    },
    healthy: ({ port }, signal) => isOk(`http://127.0.0.1:${port('client')}/health`, signal),
    url: ({ port }) => `http://127.0.0.1:${port('client')}`,
  };
}

/** Takes routes from YAML files in `dynamic` below its folder, and notices changes of them. */
function traefik(): SingleServer {
  return {
    name: 'Traefik',
    program: 'traefik',
    ports: ['web'],
    async prepare({ folder, port }) {
      const dynamic = join(folder, 'dynamic');
      await mkdir(dynamic);
      const quiet = ['--global.checkNewVersion=false', '--global.sendAnonymousUsage=false'];
      const args = [
        `--entryPoints.web.address=127.0.0.1:${port('web')}`,
        '--ping',
        '--ping.entryPoint=web',
        `--providers.file.directory=${dynamic}`,
      ];
      return { args: [...quiet, ...args] };
    },
    healthy: ({ port }, signal) => isOk(`http://127.0.0.1:${port('web')}/ping`, signal),
    url: ({ port }) => `http://127.0.0.1:${port('web')}`,
  };
}

/** Knows one name, `facehash.test`, which has an address that nobody has (RFC 5737). */
function coredns(): SingleServer {
  return {
    name: 'CoreDNS',
    program: 'coredns',
    ports: ['dns', 'health'],
    async prepare({ folder, port }) {
      const path = join(folder, 'Corefile');
      await writeFile(
        path,
        `.:${port('dns')} {\n  bind 127.0.0.1\n  errors\n  health 127.0.0.1:${port('health')}\n  hosts {\n    192.0.2.1 facehash.test\n  }\n}\n`,
      );
      return { args: ['-conf', path] };
    },
    healthy: ({ port }, signal) => isOk(`http://127.0.0.1:${port('health')}/health`, signal),
    url: ({ port }) => `dns://127.0.0.1:${port('dns')}`,
  };
}
