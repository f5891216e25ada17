import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverBinaries, ServersError, startServer, type RunningServer, type StartOptions } from '@facehash/test-servers';
import { openS3ObjectStore, type S3ObjectStore, type S3Options } from '../index.js';

/** Why this machine cannot have the server, or nothing. */
export async function reasonAgainstMinio(): Promise<string | undefined> {
  try {
    if ((process.env['FACEHASH_TEST_S3_URL'] ?? '') === '') await serverBinaries(['minio']);
    return undefined;
  } catch (error) {
    if (error instanceof ServersError && error.code === 'cannotBuildHere') return error.message;
    throw error;
  }
}

/** A MinIO, and stores in it: each in a bucket of its own, unless it is given one. */
export class Minio implements AsyncDisposable {
  private constructor(private readonly server: RunningServer) {}

  static async start(options?: StartOptions): Promise<Minio> {
    return new Minio(await startServer('minio', options));
  }

  get url(): URL {
    return new URL(this.server.url);
  }

  get process(): NonNullable<RunningServer['process']> {
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
