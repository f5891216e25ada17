import dns from 'node:dns';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordingLogger } from '@facehash/kernel/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { assumeRunRole, openS3ObjectStore, type TemporaryCredentials } from './index.js';
import { writeCertificates } from './testing/certificates.js';
import { HttpFront } from './testing/http-front.js';
import { Minio, until } from './testing/minio.js';

const reason = await reasonAgainst('minio');
const given = (process.env['FACEHASH_TEST_S3_URL'] ?? '') !== '';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined): string | undefined => data && new TextDecoder().decode(data);

describe('objects in S3, on a server that is', () => {
  if (reason !== undefined) it.skip(`are not tested: ${reason}`, () => undefined);
  else if (given) it.skip('not tested: the server that was given is not ours to restart', () => undefined);
  else onMinio();
});

function onMinio(): void {
  it('killed and started again, are all there, if they were acknowledged', async () => {
    await using minio = new Minio(await startServer('minio'));
    const store = await minio.open({ timeoutMs: 20_000 });
    const acknowledged: string[] = [];
    let counted = 0;
    let going = true;
    const creating = async (writer: number): Promise<void> => {
      for (let i = 0; going; i++) {
        const key = `m/${writer}/${i}`;
        if ((await store.create(key, bytes(key))) === 'created') acknowledged.push(key);
      }
    };
    const counting = async (): Promise<void> => {
      for (let revision: string | null = null; going; counted++) {
        const replaced: string | undefined = await store.replace('m/count', bytes(`${counted + 1}`), revision);
        expect(replaced).toBeDefined();
        revision = replaced ?? null;
      }
    };
    const working = Promise.all([creating(1), creating(2), counting()]);
    for (let kill = 0; kill < 2; kill++) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 20);
      await minio.process.restart('SIGKILL');
    }
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 5);
    going = false;
    await working;
    const listed = new Set<string>();
    for await (const { key } of store.list('m/')) listed.add(key);
    expect(acknowledged.filter((key) => !listed.has(key))).toEqual([]);
    for (const key of acknowledged) expect(text((await store.read(key))?.bytes)).toBe(key);
    expect(text((await store.read('m/count'))?.bytes)).toBe(String(counted));
    await store.close();
  });

  it('reached by HTTPS with an authority of one’s own', async () => {
    await using folder = await temporaryFolder();
    const { caFile } = await writeCertificates(folder.path);
    await using minio = new Minio(await startServer('minio', { minio: { certificates: folder.path } }));
    const options = minio.options({ timeoutMs: 2_000, caFile });
    const store = await openS3ObjectStore(options);
    expect(await store.create('m/a', bytes('a'))).toBe('created');
    const credentials = await assumeRunRole(options, { storageId: 'm', durationSeconds: 900 });
    const { caFile: _, ...trusting } = options;
    const [run, stranger] = await Promise.all([openS3ObjectStore({ ...options, credentials }), openS3ObjectStore(trusting)]);
    expect(text((await run.read('m/a'))?.bytes)).toBe('a');
    await expect(stranger.read('m/a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(stranger.health().why).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
    await Promise.all([store.close(), run.close(), stranger.close()]);
  });

  it('called by the bucket’s own name', async () => {
    const domain = 's3.facehash.test';
    await using minio = new Minio(await startServer('minio', { minio: { domain } }));
    using names = withNames(domain);
    const { port } = minio.url;
    const options = minio.options({ endpoint: `http://${domain}:${port}`, pathStyle: false });
    const store = await openS3ObjectStore(options);
    expect(await store.create('m/a', bytes('a'))).toBe('created');
    expect(text((await store.read('m/a'))?.bytes)).toBe('a');
    const listed: string[] = [];
    for await (const { key } of store.list('')) listed.push(key);
    expect(listed).toEqual(['m/a']);
    expect(names.asked).toEqual(new Set([`${options.bucket}.${domain}`]));
    await store.close();
  });

  describe('read with credentials from a folder', () => {
    const put = async (folder: string, { accessKeyId, secretAccessKey, sessionToken }: TemporaryCredentials): Promise<void> => {
      const files = { 'access-key-id': accessKeyId, 'secret-access-key': `${secretAccessKey}\n`, 'session-token': sessionToken };
      for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    };

    it('takes up others at once when those that it had are revoked', async () => {
      await using folder = await temporaryFolder();
      await using minio = new Minio(await startServer('minio'));
      const options = minio.options();
      const owner = await openS3ObjectStore(options);
      await owner.create('m/a', bytes('a'));
      const role = { storageId: 'm', durationSeconds: 900 };
      await put(folder.path, await assumeRunRole(options, role));
      const log = new RecordingLogger();
      const timeoutMs = 3_000;
      const store = await openS3ObjectStore({ ...options, credentials: { kind: 'folder', path: folder.path }, logger: log, timeoutMs });
      expect(text((await store.read('m/a'))?.bytes)).toBe('a');
      // What MinIO remembers of temporary credentials, gone: they are revoked.
      await rm(join(minio.process.folder, 'data/.minio.sys/config/iam/sts'), { recursive: true });
      await minio.process.restart();
      await expect(store.read('m/a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(store.health()).toEqual({ ok: false, why: expect.stringMatching(/^S3 answered 403 Invalid/) });
      await put(folder.path, await assumeRunRole(options, role));
      expect(text((await store.read('m/a'))?.bytes)).toBe('a');
      expect(log.lines.map(({ message }) => message)).toContain('the credentials of the object store have changed');
      expect(store.health()).toEqual({ ok: true, why: null });
      await Promise.all([owner.close(), store.close()]);
    });

    it('waits for files that are not there yet, and keeps those that it read', async () => {
      await using folder = await temporaryFolder();
      await using minio = new Minio(await startServer('minio'));
      const options = minio.options({ timeoutMs: 500 });
      const store = await openS3ObjectStore({ ...options, credentials: { kind: 'folder', path: folder.path } });
      const unread = { code: 'STORE_UNAVAILABLE', details: { why: 'the credentials cannot be read' } };
      await expect(store.read('m/a')).rejects.toMatchObject(unread);
      const { accessKeyId, secretAccessKey } = minio.credentials;
      await writeFile(join(folder.path, 'access-key-id'), accessKeyId);
      await writeFile(join(folder.path, 'secret-access-key'), secretAccessKey);
      expect(await store.create('m/a', bytes('a'))).toBe('created');
      for (const name of await readdir(folder.path)) await rm(join(folder.path, name));
      expect(text((await store.read('m/a'))?.bytes)).toBe('a');
      await store.close();
    });
  });

  describe('without the bucket', () => {
    it('are refused, and the bucket is not made, unless that was asked for', async () => {
      await using minio = new Minio(await startServer('minio'));
      const options = minio.options({ bucketMissing: 'refuse' });
      const store = await openS3ObjectStore(options);
      const missing = { code: 'STORE_UNAVAILABLE', details: { why: 'S3 answered 404 NoSuchBucket' } };
      await expect(store.create('m/a', bytes('a'))).rejects.toMatchObject(missing);
      await expect(store.read('m/a')).rejects.toMatchObject(missing);
      expect(store.health()).toEqual({ ok: false, why: 'S3 answered 404 NoSuchBucket' });
      const making = await Promise.all(Array.from({ length: 4 }, () => openS3ObjectStore({ ...options, bucketMissing: 'make' })));
      const made = await Promise.all(making.map((other, i) => other.create(`m/${i}`, bytes('x'))));
      expect(new Set(made)).toEqual(new Set(['created']));
      expect(await store.create('m/a', bytes('a'))).toBe('created');
      await Promise.all([store, ...making].map((each) => each.close()));
    });

    it('whose refusal was on its way while another call made it, are begun all the same', async () => {
      await using minio = new Minio(await startServer('minio'));
      await using front = await HttpFront.before(minio.url);
      const store = await openS3ObjectStore(minio.options({ endpoint: front.url, bucketMissing: 'make' }));
      const made = Promise.withResolvers<undefined>();
      let late = 0;
      front.does(({ url }) =>
        url?.includes('m/late') && late++ === 0 ? { status: 404, code: 'NoSuchBucket', when: made.promise } : 'pass',
      );
      const refused = store.create('m/late', bytes('late'));
      await until(() => late > 0);
      expect(await store.create('m/early', bytes('early'))).toBe('created');
      made.resolve(undefined);
      expect(await refused).toBe('created');
      await store.close();
    });

    it('that was there before, are not begun anew', async () => {
      await using minio = new Minio(await startServer('minio'));
      await using front = await HttpFront.before(minio.url);
      const store = await minio.open({ endpoint: front.url });
      await store.create('m/a', bytes('a'));
      front.does(() => ({ status: 404, code: 'NoSuchBucket' }));
      await expect(store.read('m/a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.create('m/b', bytes('b'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await store.close();
    });
  });
}

/** While it lasts, names below the domain are those of this machine: what a wildcard record does. */
function withNames(domain: string): Disposable & { readonly asked: Set<string> } {
  const real = dns.lookup;
  const asked = new Set<string>();
  const lookup = (name: string, options: dns.LookupOptions, done: (...args: unknown[]) => void): void => {
    if (!name.endsWith(domain)) return (real as typeof lookup)(name, options, done);
    asked.add(name);
    if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
    else done(null, '127.0.0.1', 4);
  };
  Object.assign(dns, { lookup });
  return { asked, [Symbol.dispose]: () => Object.assign(dns, { lookup: real }) };
}
