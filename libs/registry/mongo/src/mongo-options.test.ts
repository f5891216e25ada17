import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { RecordingLogger } from '@facehash/kernel/testing';
import { programOnPath, startServer } from '@facehash/test-servers';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { openMongoRegistry } from './index.js';
import { clientOptions, databaseOf } from './mongo-options.js';
import { portOf } from './testing/commands.js';
import { inDatabase, orReason } from './testing/on-mongo.js';

const run = promisify(execFile);
const url = 'mongodb://db.example:27017/';
const server = await orReason(() => startServer('mongo'));
const openssl = programOnPath(['openssl'], process.env);

describe('the settings for MongoDB', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());

  it.each([
    ['of the URL', { url: 'mongodb://a:b@h1,h2/of-url?x=y' }, 'of-url'],
    ['of the URL, unescaped', { url: 'mongodb+srv://h/of%2Durl' }, 'of-url'],
    ['that is named, before the URL’s', { url: 'mongodb://h/of-url', database: 'named' }, 'named'],
    ['of its own name else', { url: 'mongodb://h/?replicaSet=a/b' }, 'facehash'],
  ])('mean the database %s', (_, options, database) => {
    expect(databaseOf(options)).toBe(database);
  });

  it('take credentials from a mounted folder, without the newline at their end', async () => {
    await writeFile(join(folder.path, 'username'), 'app\n');
    await writeFile(join(folder.path, 'password'), 's3cret\n');
    const { auth } = await clientOptions({ url, credentialsFolder: folder.path });
    expect(auth).toEqual({ username: 'app', password: 's3cret' });
  });

  it('are refused where the folder has no credentials', async () => {
    await expect(openMongoRegistry({ url, credentialsFolder: folder.path })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { why: 'its credentials cannot be read' },
    });
  });

  it('ask for writes that a majority has on its disks, and leave repeating to us', async () => {
    expect(await clientOptions({ url, username: 'app', password: 's3cret', timeoutMs: 4000 })).toMatchObject({
      auth: { username: 'app', password: 's3cret' },
      writeConcern: { w: 'majority', journal: true, wtimeoutMS: 2000 },
      readConcern: { level: 'majority' },
      retryWrites: false,
      retryReads: false,
      socketTimeoutMS: 2000,
    });
  });

  it.each(['not a URL with s3cret', 'mongodb://app:s3cret@', 'mongodb://app:s3cret@h:99999999/'])(
    'are refused without a word of their secrets: %s',
    async (wrong) => {
      const error = await openMongoRegistry({ url: wrong }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { why: 'its URL or its settings cannot be read' } });
      expect(everythingIn(error)).not.toContain('s3cret');
    },
  );

  it('say no secret where the server is not to be reached', async () => {
    const logger = new RecordingLogger();
    const registry = await openMongoRegistry({ url: 'mongodb://app:s3cret@127.0.0.1:1/', timeoutMs: 400, logger });
    const error = await registry.counter('m').catch((thrown: unknown) => thrown);
    await registry.close();
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(everythingIn(error) + everythingIn(logger.lines)).not.toContain('s3cret');
  });
});

describe('an encrypted connection to MongoDB', () => {
  if (typeof server === 'string') return it.skip(`is not tested: ${server}`, () => undefined);
  if (openssl === undefined) return it.skip('is not tested: there is no openssl to make a certificate', () => undefined);
  const database = `facehash-test-${process.pid}-tls`;
  let folder: TemporaryFolder;
  let front: Server;
  let encrypted: string;
  let caFile: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
    caFile = join(folder.path, 'cert.pem');
    const key = join(folder.path, 'key.pem');
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await run(openssl, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...names, '-keyout', key, '-out', caFile]);
    front = createServer({ cert: await readFile(caFile), key: await readFile(key) }, (client) => {
      const behind = connect(portOf(server.url));
      for (const socket of [client, behind]) socket.on('error', () => undefined);
      client.pipe(behind).pipe(client);
    });
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    encrypted = `mongodb://127.0.0.1:${(front.address() as AddressInfo).port}/?directConnection=true`;
  });
  afterAll(async () => {
    front.close();
    await inDatabase(server.url, database, (db) => db.dropDatabase());
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  it('is made to a server whose authority is known', async () => {
    const registry = await openMongoRegistry({ url: encrypted, database, caFile });
    expect(await registry.bumpCounter('m')).toBe(1);
    await registry.close();
  });

  it('is not made to another, and health says why', async () => {
    const registry = await openMongoRegistry({ url: encrypted, database, tls: true, timeoutMs: 1000 });
    await expect(registry.counter('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(registry.health()).toEqual({ ok: false, why: expect.stringContaining('certificate') });
    await registry.close();
  });
});

/** Properties, causes and all. */
function everythingIn(value: unknown): string {
  const seen = new Set<unknown>();
  const text = (part: unknown): string => {
    if (typeof part !== 'object' || part === null) return String(part);
    if (seen.has(part)) return '';
    seen.add(part);
    return Reflect.ownKeys(part)
      .map((key) => text(Reflect.get(part, key)))
      .join(' ');
  };
  return text(value);
}
