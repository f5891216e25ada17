import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The control group hierarchies of a machine. */
export interface CgroupHierarchies {
  readonly version: 1 | 2;
  /** Where each is mounted: one by resource in version 1, and maybe an empty one of version 2 beside; one for all in version 2. */
  readonly mounts: readonly string[];
}

const neededInV1 = ['cpu', 'cpuset', 'memory', 'pids'];
const controllersInV2 = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/** Of the text of /proc/mounts. Undefined where a kubelet could not work with them. */
export function hierarchiesIn(mounts: string): CgroupHierarchies | undefined {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const at = (type: string) => lines.filter((fields) => fields[2] === type).map((fields) => fields[1] ?? '');
  const [v1, v2] = [at('cgroup'), at('cgroup2')];
  if (v1.length > 0) {
    const options = lines.filter((fields) => fields[2] === 'cgroup').flatMap((fields) => (fields[3] ?? '').split(','));
    return neededInV1.every((name) => options.includes(name)) ? { version: 1, mounts: [...v1, ...v2] } : undefined;
  }
  return v2.length > 0 ? { version: 2, mounts: v2.slice(0, 1) } : undefined;
}

/** A group in every hierarchy, below which the kubelet makes those of the pods. */
export async function createCgroup({ version, mounts }: CgroupHierarchies, name: string): Promise<void> {
  for (const mount of mounts) {
    const group = join(mount, name);
    await mkdir(group, { recursive: true });
    if (version === 1) await inheritCpuset(mount, group);
    else await delegate(mount, group);
  }
}

/** A new group of version 1 has no processor and no memory node, and so takes no process. */
async function inheritCpuset(parent: string, group: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const value = await readFile(join(parent, file), 'utf8').catch(() => undefined);
    if (value !== undefined) await writeFile(join(group, file), value);
  }
}

/** In version 2 a parent hands each controller down to its children by name. One that it does not have fails by itself, so one by one. */
async function delegate(parent: string, group: string): Promise<void> {
  for (const folder of [parent, group]) {
    for (const controller of controllersInV2) {
      await writeFile(join(folder, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
}

/** Removes the group and all below it. A group that still holds a process stays, and is named in the error. */
export async function removeCgroup({ mounts }: CgroupHierarchies, name: string): Promise<void> {
  for (const mount of mounts) await removeTree(join(mount, name));
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
}
