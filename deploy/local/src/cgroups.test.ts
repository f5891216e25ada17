import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@facehash/testing';
import { createCgroup, hierarchiesIn, removeCgroup } from './cgroups.js';

const line = (path: string, type: string, options: string): string => `${type} ${path} ${type} rw,relatime,${options} 0 0`;

describe('the control groups of a machine', () => {
  it.each([
    ['are of version 1 where any hierarchy is, whatever lies beside them', ['cpu', 'cpuset', 'memory', 'pids'], 1],
    ['are of no use where version 1 lacks a resource', ['cpu', 'memory'], undefined],
    ['are of version 2 where there is nothing else', [], 2],
  ])('%s', (_, resources, version) => {
    const v1 = resources.map((name) => line(`/sys/fs/cgroup/${name}`, 'cgroup', name));
    const mounts = ['proc /proc proc rw 0 0', ...v1, line('/sys/fs/cgroup/unified', 'cgroup2', 'nsdelegate')].join('\n');
    expect(hierarchiesIn(mounts)?.version).toBe(version);
  });

  it('are absent where none is mounted', () => expect(hierarchiesIn('proc /proc proc rw 0 0')).toBeUndefined());

  it('of version 1 are made with the processors of their parent, and removed with all below them', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'cpuset.cpus'), '0-1\n');
    const group = join(folder.path, 'facehash-1');
    const hierarchies = { version: 1, mounts: [folder.path] } as const;
    await createCgroup(hierarchies, 'facehash-1');
    expect(await readFile(join(group, 'cpuset.cpus'), 'utf8')).toBe('0-1\n');
    // A real one's files go with it; in a plain folder they would keep it.
    await import('node:fs/promises').then(({ rm }) => rm(join(group, 'cpuset.cpus')));
    await mkdir(join(group, 'kubepods/burstable/pod1'), { recursive: true });
    await removeCgroup(hierarchies, 'facehash-1');
    expect(existsSync(group)).toBe(false);
    await removeCgroup(hierarchies, 'facehash-1');
  });
});
