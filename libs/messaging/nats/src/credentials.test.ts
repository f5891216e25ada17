import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { aModelState } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { temporaryFolder, type TemporaryFolder } from '@facehash/testing';
import { authenticatorOf, parseAddresses } from './credentials.js';
import { renderAuthorization } from './roles.js';
import { describeOnNats, ownServer, TestNats } from './testing/nats-server.js';
import { until } from './testing/watching.js';

const run = promisify(execFile);

describe('addresses', () => {
  it('are hosts and ports, with credentials and TLS kept apart', () => {
    expect(parseAddresses(['nats://one', 'nats://two:4333'])).toEqual({ hosts: ['one:4222', 'two:4333'], tls: false, auth: undefined });
    expect(parseAddresses(['tls://user:p%40ss@one'])).toEqual({
      hosts: ['one:4222'],
      tls: true,
      auth: { kind: 'password', username: 'user', password: 'p@ss' },
    });
    expect(parseAddresses(['nats://[::1]:4222']).hosts).toEqual(['[::1]:4222']);
  });

  it.each([[[]], [['one:4222']], [['http://user:secret@one']], [['nats://']], [['not at all']]])('are not %j', (servers) => {
    expect(() => parseAddresses(servers)).toThrow(TypeError);
    expect(() => parseAddresses(servers)).not.toThrow('secret');
  });
});

describe('a file of credentials', () => {
  it('gives its JWT, and signs with its seed', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'user.creds');
    // A seed that NATS' own documentation shows.
    const seed = 'SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY';
    const block = (what: string, text: string): string => `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n\n`;
    await writeFile(path, block('NATS USER JWT', 'a.jwt.b') + block('USER NKEY SEED', seed));
    const authenticator = await authenticatorOf({ kind: 'creds-file', path });
    expect(authenticator?.('nonce')).toEqual({
      jwt: 'a.jwt.b',
      nkey: 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4',
      sig: expect.stringMatching(/^[A-Za-z0-9+/]{86}==$/) as string,
    });
  });
});

describeOnNats(await reasonAgainst('nats', ownServer), 'who connects', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => (folder = await temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());
  const writePassword = async (password: string): Promise<void> => {
    await writeFile(join(folder.path, 'username'), 'us\n');
    await writeFile(join(folder.path, 'password'), `${password}\n`);
  };
  const users = (password: string): string => renderAuthorization([{ username: 'us', password, permissions: undefined }]);

  it('with a password that was rotated is let in once both sides have the new one', async () => {
    await writePassword('first');
    await using nats = await TestNats.on(await startServer('nats', { ...ownServer, extraConfig: [users('first')] }), {
      admin: { username: 'us', password: 'first' },
    });
    const config = join(nats.process.folder, 'nats.conf');
    const own = nats.server.url.replace(/\/\/.*@/, '//');
    const messaging = await nats.open({ servers: [own], auth: { kind: 'password-folder', path: folder.path }, timeoutMs: 300 });
    await until(async () => (await messaging.models.put('m', aModelState(), null)) !== undefined);
    await nats.process.end('SIGTERM');
    await writeFile(config, (await readFile(config, 'utf8')).replace(users('first'), users('second')));
    await nats.process.startAgain();
    await until(() => messaging.health().why.includes('Authorization'));
    await expect(messaging.models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await writePassword('second');
    await until(() => messaging.health().ok);
    expect(await messaging.models.get('m')).toBeDefined();
    expect(JSON.stringify(nats.log.lines)).not.toMatch(/first|second/);
  });

  it('whose password is not there waits for it', async () => {
    await using nats = await TestNats.on(await startServer('nats', ownServer));
    const auth = { kind: 'password-folder', path: join(folder.path, 'later') } as const;
    const url = new URL(nats.server.url);
    const messaging = await nats.open({ servers: [`nats://${url.host}`], auth });
    await until(() => messaging.health().why.includes('ENOENT'));
    await mkdir(auth.path);
    await writeFile(join(auth.path, 'username'), url.username);
    await writeFile(join(auth.path, 'password'), url.password);
    await until(() => messaging.health().ok);
  });

  it('over TLS knows the server by its authority, and does not talk to another', async () => {
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder.path, name));
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    await run('openssl', [...made, ...subject, '-keyout', key ?? '', '-out', cert ?? '']);
    const tls = `tls { cert_file: ${JSON.stringify(cert)}, key_file: ${JSON.stringify(key)} }`;
    await using nats = await TestNats.on(await startServer('nats', { ...ownServer, extraConfig: [tls] }), {
      ...(cert !== undefined && { caFile: cert }),
    });
    const trusting = await nats.open({ ...(cert !== undefined && { caFile: cert }) });
    await until(async () => (await trusting.models.put('m', aModelState(), null)) !== undefined);
    const stranger = await nats.open({ servers: [nats.server.url.replace('nats:', 'tls:')], timeoutMs: 300 });
    await expect(stranger.models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(stranger.health().why).toMatch(/self-signed certificate/);
  });

  it('who asks for TLS sends no password to a server without', async () => {
    await using nats = await TestNats.on(await startServer('nats', ownServer));
    const messaging = await nats.open({ servers: [nats.server.url.replace('nats:', 'tls:')], timeoutMs: 300 });
    await until(() => messaging.health().why.includes('tls'));
    expect(messaging.health().ok).toBe(false);
    expect(nats.process.log()).not.toContain('authentication error');
  });
});
