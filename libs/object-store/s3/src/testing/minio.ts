import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openS3ObjectStore, type S3ObjectStore, type S3Options } from '../index.js';

/** What is started by @facehash/test-servers, which tests alone may import. */
interface Server {
  readonly url: string;
  readonly process?: { readonly folder: string; readonly restart: (signal?: 'SIGTERM' | 'SIGKILL') => Promise<void> };
  readonly stop: () => Promise<void>;
}

/** A MinIO, and stores in it: each in a bucket of its own, unless it is given one. */
export class Minio implements AsyncDisposable {
  constructor(private readonly server: Server) {}

  get url(): URL {
    return new URL(this.server.url);
  }

  get process(): NonNullable<Server['process']> {
    if (this.server.process === undefined) throw new Error('a server that was given by its URL cannot be restarted');
    return this.server.process;
  }

  get credentials(): { kind: 'static'; accessKeyId: string; secretAccessKey: string } {
    const { username, password } = this.url;
    return { kind: 'static', accessKeyId: username, secretAccessKey: password };
  }

  options(more: Partial<S3Options> = {}): S3Options {
    const bucket = `facehash-${randomBytes(6).toString('hex')}`;
    return { endpoint: this.url.origin, bucket, credentials: this.credentials, bucketMissing: 'make', ...more };
  }

  open(more: Partial<S3Options> = {}): Promise<S3ObjectStore> {
    return openS3ObjectStore(this.options(more));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

/** Polls until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); await sleep(10)) {
    if (Date.now() > end) throw new Error('it did not come to hold within 20 s');
  }
}
