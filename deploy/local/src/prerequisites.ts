import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hierarchiesIn, type CgroupHierarchies } from './cgroups.js';

/** Where programs of the system are, whatever PATH the caller has. */
const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const cniFolders = ['/usr/lib/cni', '/opt/cni/bin'];

/** From a program to the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  ip: 'iproute2',
  iptables: 'iptables',
  ipset: 'ipset',
  conntrack: 'conntrack',
  runc: 'runc',
  openssl: 'openssl',
  catatonit: 'catatonit',
  busybox: 'busybox-static',
};

/** Flags of unshare(1) that the cluster runs under: its own mounts, network and processes, all of which end with its first process. */
export const namespaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** The path of a program of the system; throws where there is none. */
export function pathOf(program: string): string {
  const path = systemPath.map((folder) => join(folder, program)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`there is no ${program}`);
  return path;
}

export async function cgroupHierarchies(): Promise<CgroupHierarchies | undefined> {
  return hierarchiesIn(await readFile('/proc/mounts', 'utf8').catch(() => ''));
}

/** PATH of everything that runs in the cluster, with a folder more in front. */
export function pathOfComponents(...folders: readonly string[]): string {
  return [...folders, ...systemPath].join(':');
}

/** Why this machine can't run a cluster, in a sentence; undefined where it can. */
export async function whyNoCluster(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'A local cluster needs Linux.';
  if (process.getuid?.() !== 0) return 'A local cluster needs root, for namespaces, mounts and control groups.';
  const missing = Object.keys(programs).filter((name) => !systemPath.some((folder) => existsSync(join(folder, name))));
  const packages = new Set(missing.map((name) => programs[name]));
  if (!cniFolders.some((folder) => existsSync(join(folder, 'bridge')))) packages.add('containernetworking-plugins');
  if (packages.size > 0) return `A local cluster needs more of the system. To have it: apt-get install ${[...packages].join(' ')}`;
  if ((await cgroupHierarchies()) === undefined) return 'A local cluster needs control groups for cpu, cpuset, memory and pids.';
  return whyNoNamespaces();
}

/** By trying what a cluster does first: a container may be root and still not be allowed to. */
async function whyNoNamespaces(): Promise<string | undefined> {
  const trial = 'mount -t tmpfs trial /mnt && ip link add trial type bridge && iptables -t nat -N TRIAL';
  try {
    await promisify(execFile)(pathOf('unshare'), [...namespaces, '--', 'sh', '-eu', '-c', trial], {
      timeout: 20_000,
      env: { PATH: pathOfComponents() },
    });
    return undefined;
  } catch (error) {
    return `A local cluster needs namespaces, mounts, bridges and iptables of its own, and this machine refuses them: ${String(error)}`;
  }
}
