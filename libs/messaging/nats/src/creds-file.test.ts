import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom } from '@facehash/kernel';
import { aModelState } from '@facehash/messaging-core/testing';
import { reasonAgainst, startServer } from '@facehash/test-servers';
import { temporaryFolder } from '@facehash/testing';
import { nkeys } from '@nats-io/nats-core';
import { openNatsMessaging } from './nats-messaging.js';
import { describeOnNats, ownServer } from './testing/nats-server.js';

type Pair = ReturnType<typeof nkeys.createUser>;

const unlimited = { subs: -1, data: -1, payload: -1 };
const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1, streams: -1, consumer: -1 };

/** A server that trusts an operator, who vouches for the account, which vouches for the user: as NATS' tool `nsc` sets it up. */
function trusting({ operator, account }: { readonly operator: Pair; readonly account: Pair }): readonly string[] {
  const system = nkeys.createAccount();
  const of = (who: Pair, bytes: number): string =>
    jwtOf(operator, who, { type: 'account', limits: { ...limits, mem_storage: bytes, disk_storage: bytes } });
  return [
    'authorization {}',
    `operator: ${jwtOf(operator, operator, { type: 'operator' })}`,
    `system_account: ${system.getPublicKey()}`,
    'resolver: MEMORY',
    `resolver_preload { ${account.getPublicKey()}: ${of(account, -1)}, ${system.getPublicKey()}: ${of(system, 0)} }`,
  ];
}

function jwtOf(issuer: Pair, subject: Pair, nats: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [iss, sub] = [issuer.getPublicKey(), subject.getPublicKey()];
  const claims = { jti: sub, iat: Math.floor(Date.now() / 1000), iss, sub, name: 'test', nats: { version: 2, ...nats } };
  const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function credsOf(account: Pair, user: Pair): string {
  const block = (what: string, text: string): string => `-----BEGIN ${what}-----\n${text}\n------END ${what}------\n\n`;
  const jwt = jwtOf(account, user, { type: 'user', ...unlimited });
  return block('NATS USER JWT', jwt) + block('USER NKEY SEED', Buffer.from(user.getSeed()).toString());
}

describeOnNats(await reasonAgainst('nats', ownServer), 'a file of credentials', () => {
  it('lets in who has it, and no other', async () => {
    await using folder = await temporaryFolder();
    const [operator, account, stranger] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createAccount()];
    await using server = await startServer('nats', { ...ownServer, extraConfig: trusting({ operator, account }) });
    const path = join(folder.path, 'user.creds');
    const servers = [`nats://${new URL(server.url).host}`];
    const ours = { name: 'test', clock: systemClock, random: systemRandom, logger: silentLogger };
    await writeFile(path, credsOf(stranger, nkeys.createUser()));
    const messaging = await openNatsMessaging({ servers, auth: { kind: 'creds-file', path }, ...ours, timeoutMs: 1_000 });
    try {
      await expect(messaging.models.get('m')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(messaging.health().why).toContain('Authorization Violation');
      await writeFile(path, credsOf(account, nkeys.createUser()));
      for (let tries = 0; tries < 10 && !messaging.health().ok; tries++) await messaging.models.get('m').catch(() => undefined);
      expect(await messaging.models.put('m', aModelState(), null)).toBeDefined();
    } finally {
      await messaging.close();
    }
  });
});
