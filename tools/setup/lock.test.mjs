import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withLock } from './lock.mjs';

const lockModule = new URL('./lock.mjs', import.meta.url).href;

/** Set-up runs on the machine's own Node, what it compiled on the one of npm. */
function nodesOnPath() {
  return [...new Set(process.env.PATH.split(delimiter).map((folder) => join(folder, 'node')))]
    .filter((path) => existsSync(path))
    .map((path) => [path]);
}

describe('the lock', () => {
  it('lets one in at a time', async () => {
    const name = randomUUID();
    let inside = 0;
    const enter = () =>
      withLock(name, async () => {
        inside += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
        return inside--;
      });
    expect(await Promise.all([enter(), enter(), enter(), enter()])).toEqual([1, 1, 1, 1]);
  });

  it('does not keep apart what has different names', async () => {
    const result = await withLock(randomUUID(), () => withLock(randomUUID(), async () => 'both'));
    expect(result).toBe('both');
  });

  it('is waited for until a signal says that it is enough', async () => {
    const name = randomUUID();
    const enough = new AbortController();
    await withLock(name, async () => {
      const second = withLock(name, async () => 'in', { onWait: () => setImmediate(() => enough.abort()), signal: enough.signal });
      await expect(second).rejects.toThrow(/abort/i);
    });
  });

  it.each(nodesOnPath())('is one lock for this Node and for %s', async (node) => {
    const name = randomUUID();
    const holds = `const { withLock } = await import('${lockModule}'); await withLock('${name}', async () => { console.log('in'); await new Promise((resolve) => process.stdin.once('end', resolve).resume()); });`;
    const holder = spawn(node, ['--input-type=module', '--eval', holds], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    const end = once(holder, 'exit');
    let waited = false;
    const second = withLock(name, async () => waited, { onWait: () => ((waited = true), holder.stdin.end()) });
    expect(await second).toBe(true);
    await end;
  });

  it('is free again after work that failed', async () => {
    const name = randomUUID();
    await expect(withLock(name, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(withLock(name, async () => 'free')).resolves.toBe('free');
  });

  it('is free again when its holder was killed, and wakes who waits', async () => {
    const name = randomUUID();
    const program = `import { withLock } from ${JSON.stringify(lockModule)};
      await withLock(${JSON.stringify(name)}, () => { console.log('held'); return new Promise((r) => setTimeout(r, 60_000)); });`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    let acquired;
    await new Promise((onWait) => (acquired = withLock(name, async () => 'mine', { onWait })));
    holder.kill('SIGKILL');
    await expect(acquired).resolves.toBe('mine');
  });
});
