import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './children.mjs';

const childrenModule = new URL('./children.mjs', import.meta.url).href;
const node = process.execPath;

describe('a program that was run', () => {
  it('tells its exit code and what it printed', async () => {
    const result = await run(node, ['--eval', 'console.log("out"); console.error("err"); process.exit(3)']);
    expect(result).toMatchObject({ code: 3, timedOut: false });
    expect(result.output).toContain('out');
    expect(result.output).toContain('err');
  });

  it('has code 127 if there is no such program', async () => {
    expect(await run('/no/such/program', [])).toMatchObject({ code: 127 });
  });

  it('is stopped when its time is over', async () => {
    expect(await run(node, ['--eval', 'setTimeout(() => {}, 60_000)'], { timeoutMs: 200 })).toMatchObject({ code: 143, timedOut: true });
  });

  it('stays behind all else in the background, with all that it starts, and ends by its signal', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'facehash-children-'));
    try {
      const ending = new AbortController();
      const result = run('/bin/sh', ['-c', 'sh -c nice; touch begun; exec sleep 60'], { cwd: folder, background: ending.signal });
      while (!existsSync(join(folder, 'begun'))) await sleep(10);
      ending.abort();
      expect(await result).toMatchObject({ code: 143, output: '19\n' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('does not begin in the background when that is over already', async () => {
    expect(await run('/bin/sleep', ['60'], { background: AbortSignal.abort() })).toMatchObject({ code: 143 });
  });

  it('leaves no child of its own behind', async () => {
    const { output } = await run('/bin/sh', ['-c', 'sleep 60 & echo $!']);
    await untilGone(Number(output));
  });
});

describe('a signal', () => {
  it('stops everything that was started, and then the process', async () => {
    const { parent, childPid } = await parentOf('run("/bin/sh", ["-c", "echo $$; exec sleep 60"], { output: "inherit" })');
    parent.kill('SIGTERM');
    expect(await once(parent, 'exit')).toEqual([143, null]);
    await untilGone(childPid);
  });

  it('is left to a program that decides its own end, and its exit code is kept', async () => {
    const child = '/bin/sh", ["-c", "trap \\"exit 7\\" TERM; echo $$; while :; do sleep 0.05; done"]';
    const { parent } = await parentOf(`run("${child}, { output: "inherit", decidesItsEnd: true }).then(({ code }) => process.exit(code))`);
    parent.kill('SIGTERM');
    expect(await once(parent, 'exit')).toEqual([7, null]);
  });
});

/** A process that starts a child by `expression`; the child's first line is its process id. */
async function parentOf(expression) {
  const program = `import { run, stopChildrenOnSignals } from ${JSON.stringify(childrenModule)}; stopChildrenOnSignals(); await ${expression};`;
  const parent = spawn(node, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout, 'data');
  return { parent, childPid: Number(line) };
}

async function untilGone(pid) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
  throw new Error(`process ${pid} is still there`);
}
