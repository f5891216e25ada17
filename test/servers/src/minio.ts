import { mkdir, readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { isOk, secret, type ServerSettings, type SingleServer } from './single-server.js';

export function minio({ minio: { domain, certificates } = {} }: ServerSettings = {}): SingleServer {
  const password = secret();
  const scheme = certificates === undefined ? 'http' : 'https';
  return {
    name: 'MinIO',
    program: 'minio',
    ports: ['api'],
    async prepare({ folder, port }) {
      const data = join(folder, 'data');
      await mkdir(data, { recursive: true });
      // Without its console, which would want a second port.
      const env = { MINIO_ROOT_USER: 'facehash', MINIO_ROOT_PASSWORD: password, MINIO_BROWSER: 'off', MINIO_UPDATE: 'off' };
      const tls = certificates === undefined ? [] : ['--certs-dir', certificates];
      return {
        args: ['server', '--quiet', ...tls, '--address', `127.0.0.1:${port('api')}`, data],
        env: domain === undefined ? env : { ...env, MINIO_DOMAIN: domain },
      };
    },
    healthy: async ({ port }, signal) => {
      const url = `${scheme}://127.0.0.1:${port('api')}/minio/health/ready`;
      return certificates === undefined ? isOk(url, signal) : isOkByTls(url, await readFile(join(certificates, 'ca.crt'), 'utf8'), signal);
    },
    url: ({ port }) => `${scheme}://facehash:${password}@127.0.0.1:${port('api')}`,
  };
}

function isOkByTls(url: string, ca: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false, signal }, (response) => {
      response.resume().on('error', reject);
      resolve(response.statusCode === 200);
    });
    asked.on('error', reject).end();
  });
}
