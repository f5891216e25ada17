import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { freePorts } from '@facehash/testing';
import { launch, type LaunchOptions, type Place, type ServerDefinition } from './server-process.js';

const node = process.execPath;
const LISTENING = `const http = require('node:http');
  http.createServer((_, answer) => answer.end(JSON.stringify(process.env))).listen(Number(process.argv[1]), '127.0.0.1');`;

/** A server that is one line of JavaScript: `process.argv[1]` is its port. */
function definition(script: string, overrides: Partial<ServerDefinition> = {}): ServerDefinition {
  return {
    name: 'The server',
    ports: ['http'],
    prepare: async ({ port }) => ({ args: ['--eval', script, String(port('http'))], env: { OF_THE_SERVER: 'yes' } }),
    healthy: async (place, signal) => (await fetch(urlOf(place), { signal })).ok,
    ...overrides,
  };
}

const urlOf = ({ port }: Place): string => `http://127.0.0.1:${port('http')}`;
const options = (more: Partial<LaunchOptions> = {}): LaunchOptions => ({ program: node, ...more });

describe('a server', () => {
  it('answers once it is launched, and is gone with its folder once it is stopped', async () => {
    const server = await launch(definition(LISTENING), options());
    expect((await fetch(urlOf(server.place))).status).toBe(200);
    expect(existsSync(server.place.folder)).toBe(true);
    await server.stop();
    await server.stop();
    expect(server.ended).toBe('ended with SIGTERM');
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
    expect(existsSync(server.place.folder)).toBe(false);
  });

  it('is steered by its definition and by nothing of our environment', async () => {
    process.env['MINIO_ROOT_USER'] = 'somebody';
    try {
      await using server = await launch(definition(LISTENING), options());
      const env = (await (await fetch(urlOf(server.place))).json()) as Record<string, string>;
      expect(env).toMatchObject({ OF_THE_SERVER: 'yes', HOME: server.place.folder });
      expect(env).not.toHaveProperty('MINIO_ROOT_USER');
    } finally {
      delete process.env['MINIO_ROOT_USER'];
    }
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('is another one at the same place after a restart by %s', async (signal) => {
    await using server = await launch(definition(LISTENING), options());
    const { pid, place } = server;
    await server.restart(signal);
    expect(server.pid).not.toBe(pid);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect((await fetch(urlOf(place))).status).toBe(200);
    expect(existsSync(place.folder)).toBe(true);
  });

  it('that was ended is started again in its place, and only then', async () => {
    await using server = await launch(definition(LISTENING), options());
    await expect(server.startAgain()).rejects.toThrow('runs already');
    await server.end('SIGKILL');
    expect([server.ended, existsSync(server.place.folder)]).toEqual(['ended with SIGKILL', true]);
    await expect(fetch(urlOf(server.place))).rejects.toThrow();
    await server.startAgain();
    expect([server.ended, (await fetch(urlOf(server.place))).status]).toEqual([undefined, 200]);
  });

  it('that hears no SIGTERM is killed', async () => {
    const server = await launch(definition(`process.on('SIGTERM', () => {}); ${LISTENING}`), options({ stopTimeoutMs: 100 }));
    await server.stop();
    expect(server.ended).toBe('ended with SIGKILL');
  });

  it('whose port was taken in the meantime is started on another', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as { port: number };
      const draws: (readonly number[])[] = [[port], await freePorts(1)];
      const [, expected] = draws;
      await using server = await launch(definition(LISTENING), options({ choosePorts: async () => draws.shift() ?? [] }));
      expect([server.place.port('http')]).toEqual(expected);
      expect(draws).toEqual([]);
    } finally {
      taken.close();
    }
  });
});

describe('a server that does not come up', () => {
  it.each([
    [
      'ends, and says why',
      `console.error('no such disk'); process.exit(3)`,
      {},
      /^The server ended with 3 before it was healthy\..*no such disk/s,
    ],
    [
      'never says that it is healthy',
      'setInterval(() => {}, 1000)',
      { startTimeoutMs: 300 },
      /^The server was not healthy within 0\.3 s\./,
    ],
    ['finds every port taken', `console.error('address already in use'); process.exit(1)`, {}, /ended with 1.*address already in use/s],
    ['does not exist', '', { program: '/no/such/program' }, /before it was healthy/],
  ])('%s', async (_, script, more, message) => {
    const before = await foldersOfServers();
    await expect(launch(definition(script), options(more))).rejects.toMatchObject({
      code: 'didNotStart',
      message: expect.stringMatching(message),
    });
    expect(await foldersOfServers()).toEqual(before);
  });

  it('is stopped when nobody waits for it any more', async () => {
    const before = await foldersOfServers();
    const launching = launch(definition('setInterval(() => {}, 1000)'), options({ signal: AbortSignal.timeout(200) }));
    await expect(launching).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await foldersOfServers()).toEqual(before);
  });
});

/** Of this process. */
async function foldersOfServers(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`facehash-server-${process.pid}-`));
}
