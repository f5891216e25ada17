import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger } from '@facehash/kernel';
import type { S3Credentials } from './options.js';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** A key that was rotated, and is still good for a while as is usual, is taken up within this time without a refusal in between. */
const REREAD_AFTER_MS = 10_000;

/** What requests are signed with. Of a folder, the last that could be read stay in use until others can be. */
export class KeySource {
  #keys: Keys | undefined;
  #readAt = 0;

  constructor(
    private readonly credentials: S3Credentials,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Rejects when none could be read yet. */
  async current(): Promise<Keys> {
    const { credentials } = this;
    if (credentials.kind === 'static') return { sessionToken: undefined, ...credentials };
    if (this.#keys !== undefined && this.clock.now().getTime() - this.#readAt < REREAD_AFTER_MS) return this.#keys;
    return this.#read(credentials.path);
  }

  /** Whether there are others than those that the store refused. */
  async renewed(refused: Keys): Promise<boolean> {
    return this.credentials.kind === 'folder' && !same(await this.#read(this.credentials.path), refused);
  }

  async #read(folder: string): Promise<Keys> {
    const read = await readKeys(folder).catch((error: unknown) => {
      if (this.#keys === undefined) throw new Error('the credentials cannot be read', { cause: error });
      return this.#keys;
    });
    if (this.#keys !== undefined && !same(read, this.#keys)) this.logger.info('the credentials of the object store have changed');
    this.#readAt = this.clock.now().getTime();
    this.#keys = read;
    return read;
  }
}

/** Files of two generations, read while they were exchanged, are refused by the store and read again. */
async function readKeys(folder: string): Promise<Keys> {
  const read = async (name: string): Promise<string> => (await readFile(join(folder, name), 'utf8')).trim();
  const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all([
    read('access-key-id'),
    read('secret-access-key'),
    read('session-token').catch(() => ''),
  ]);
  if (accessKeyId === '' || secretAccessKey === '') throw new Error('a file of the credentials is empty');
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken === '' ? undefined : sessionToken };
}

function same(a: Keys, b: Keys): boolean {
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey && a.sessionToken === b.sessionToken;
}
