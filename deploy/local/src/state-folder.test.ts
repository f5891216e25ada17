import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { identityOf, isThere, processIdentity, startTimeIn } from './process-identity.js';
import { cgroupOf, ownerOf, problemWith, StateFolder } from './state-folder.js';

const me = processIdentity.parse(identityOf(process.pid));
/** Our process id with another time of start, as if the number had been given to another process. */
const dead = { ...me, startTime: '1' };

describe('a process', () => {
  it('is told from a later one of the same id by the time of its start', () => {
    expect([isThere(me), isThere(dead), isThere({ ...me, bootId: 'of last week' })]).toEqual([true, false, false]);
  });

  it('has a time of start whatever its name holds', () => {
    const fields = Array.from({ length: 30 }, (_, i) => String(i + 4));
    expect(startTimeIn(`7 (a) b) (c) S ${fields.join(' ')}`)).toBe('22');
  });
});

describe('the folder of a cluster', () => {
  it('is held by one owner at a time', async () => {
    await using folder = await temporaryFolder();
    const state = await StateFolder.claim(folder.path);
    await expect(StateFolder.claim(folder.path)).rejects.toThrow(`runs in ${folder.path} already (process ${process.pid})`);
    await state.release();
    await (await StateFolder.claim(folder.path)).release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is taken over from an owner that is gone, by one of many', async () => {
    await using folder = await temporaryFolder();
    await StateFolder.claim(folder.path, dead);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => StateFolder.claim(folder.path)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await ownerOf(folder.path))?.owner).toEqual(me);
    expect(await readdir(folder.path)).toEqual(['owner.json']);
  });

  it('loses what a cluster left in it, and nothing else', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'etcd/member'), { recursive: true });
    await writeFile(join(folder.path, 'kubeconfig'), '');
    await writeFile(join(folder.path, 'notes.txt'), 'mine');
    const state = await StateFolder.claim(folder.path);
    await state.clean();
    expect(existsSync(state.in('owner.json'))).toBe(true);
    await state.release();
    expect(await readdir(folder.path)).toEqual(['notes.txt']);
  });

  it('gives its control groups a name of their own', () => {
    expect(cgroupOf('/a')).toMatch(/^facehash-cluster-[0-9a-f]{12}$/);
    expect(cgroupOf('/a')).not.toBe(cgroupOf('/b'));
  });

  it.each([
    ['may lie in a home', '/root/.local/state/facehash', undefined],
    ['is refused where the cluster puts its own over it', '/var/lib/facehash', 'must not be below /var/lib'],
    ['is refused where sockets would have too long a name', `/tmp/${'x'.repeat(100)}`, 'too long a name'],
  ])('%s', (_, path, problem) => {
    if (problem === undefined) expect(problemWith(path)).toBeUndefined();
    else expect(problemWith(path)).toContain(problem);
  });
});
