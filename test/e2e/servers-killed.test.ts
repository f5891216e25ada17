import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { noneLeft } from '../support/kills.js';
import { childrenOf } from '../support/processes.js';
import { serversOrReason } from '../support/servers.js';

const EXIT_TIMEOUT_MS = 60_000;
const kinds = ['nats', 'mongo', 'kube-apiserver'];
const main = join(dirname(createRequire(import.meta.url).resolve('@facehash/test-servers/package.json')), 'dist/main.js');

const binaries = await serversOrReason(['nats-server', 'ferretdb', 'etcd', 'kube-apiserver']);

describe('npm run servers -- start', () => {
  if (typeof binaries === 'string') it.skip(`is not tested: ${binaries}`, () => undefined);
  else startedServers();
});

function startedServers(): void {
  // On what is not Linux nothing kills them; there, nothing of this is claimed.
  it('leaves no server when it is killed with -9', async () => {
    await using started = await start();
    expect(started.pids).toHaveLength(kinds.length + 1); // the API server brings its etcd along
    started.process.kill('SIGKILL');
    await exitOf(started.process);
    await noneLeft(started.pids);
  });

  it('leaves none after Ctrl-C, though it comes twice, and ends well', async () => {
    await using started = await start();
    started.process.kill('SIGINT');
    started.process.kill('SIGINT');
    expect(await exitOf(started.process)).toEqual([0, null]);
    await noneLeft(started.pids);
  });

  it('ends, and stops the others, when one of them ends', async () => {
    await using started = await start();
    const [nats] = await childrenOf(started.process.pid ?? 0, 'nats-server');
    process.kill(nats ?? 0, 'SIGKILL');
    expect(await exitOf(started.process)).toEqual([1, null]);
    expect(started.errors()).toContain('nats ended with SIGKILL');
    await noneLeft(started.pids);
  });
}

function exitOf(child: ChildProcess): Promise<unknown> {
  return once(child, 'exit', { signal: AbortSignal.timeout(EXIT_TIMEOUT_MS) });
}

async function start() {
  const child = spawn(process.execPath, [main, 'start', ...kinds, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`it ended with ${String(code)}: ${errors}`);
  });
  ended.catch(() => undefined);
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  expect((JSON.parse(line.toString()) as { servers: { kind: string }[] }).servers.map(({ kind }) => kind)).toEqual(kinds);
  const pids = await childrenOf(child.pid ?? 0, '');
  return {
    process: child,
    pids,
    errors: () => errors,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
