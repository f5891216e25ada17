import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openS3ObjectStore } from '@facehash/object-store-s3';
import { serverBinaries } from '@facehash/test-servers';
import { freePort } from '@facehash/testing';
import { PLATFORM, RELEASE, type Installation } from './installation.js';

const FORWARDED_TIMEOUT_MS = 30_000;

export interface StoredObjects extends AsyncDisposable {
  /** The one object whose key begins and ends so. */
  find(prefix: string, suffix: string): Promise<Buffer>;
  keys(prefix: string): Promise<readonly string[]>;
}

/** The evaluation's object store, past the product and through a forwarded port. */
export async function storedObjects(here: Installation): Promise<StoredObjects> {
  const { kubectl = '' } = await serverBinaries(['kubectl']);
  const port = await freePort();
  const args = ['--kubeconfig', here.cluster.kubeconfig, 'port-forward', '-n', PLATFORM, `service/${RELEASE}-minio`, `${port}:9000`];
  const child = spawn(kubectl, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // It says so when it forwards.
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(FORWARDED_TIMEOUT_MS) }).catch((error: unknown) => {
    child.kill();
    throw error;
  });
  const secret = async (key: string): Promise<string> => {
    const path = `jsonpath={.data.${key}}`;
    const data = await here.kubectl.run('get', 'secret', `${RELEASE}-evaluation-s3`, '-n', PLATFORM, '-o', path);
    return Buffer.from(data, 'base64').toString();
  };
  const [accessKeyId, secretAccessKey] = [await secret('access-key-id'), await secret('secret-access-key')];
  const credentials = { kind: 'static', accessKeyId, secretAccessKey } as const;
  const objects = await openS3ObjectStore({
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'facehash',
    credentials,
    bucketMissing: 'refuse',
  });
  return {
    async find(prefix, suffix) {
      for await (const { key } of objects.list(prefix)) {
        const found = key.endsWith(suffix) ? await objects.read(key) : undefined;
        if (found) return Buffer.from(found.bytes);
      }
      throw new Error(`there is no object ${prefix}…${suffix}`);
    },
    async keys(prefix) {
      const found: string[] = [];
      for await (const { key } of objects.list(prefix)) found.push(key);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await objects.close();
      child.kill();
      await closed;
    },
  };
}
