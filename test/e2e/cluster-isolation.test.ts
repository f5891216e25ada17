import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startCluster } from '@facehash/local-cluster';
import { eventually, temporaryFolder } from '@facehash/testing';
import { IN_CLUSTER, Kubectl, noClusterHere, shell, testImageArchive } from '../support/cluster.js';

const run = promisify(execFile);
const reason = await noClusterHere();
const main = join(dirname(createRequire(import.meta.url).resolve('@facehash/local-cluster/package.json')), 'dist/main.js');

describe('a cluster leaves nothing on the machine', () => {
  if (reason === undefined) isolation();
  else it.skip(`is not tested: ${reason}`, () => undefined);
});

function isolation(): void {
  it('after an ordinary end', async () => {
    await using machine = await machineWithForeignThings();
    const stateDir = join(machine.folder, 'state');
    const cluster = await startCluster({ stateDir });
    const inside = namespacesOf(stateDir);
    expect(processesIn(inside).length).toBeGreaterThan(10);
    expect(await machine.now()).toEqual(machine.before); // also while it runs
    await cluster.stop();
    expect(processesIn(inside)).toEqual([]);
    expect(await machine.now()).toEqual(machine.before);
    expect(controlGroupsSince(machine)).toEqual([]);
    expect(readdirSync(stateDir)).toEqual([]);
  });

  it.each([
    ['while it starts', 'kube-apiserver'],
    ['when it is ready', undefined],
    ['while a pod starts', 'a pod'],
  ])('but files and empty control groups after a kill -9 %s, and those are gone after the next', async (_, moment) => {
    await using machine = await machineWithForeignThings();
    const stateDir = join(machine.folder, 'state');
    const keeper = startKeeper(stateDir);
    machine.atEnd(() => void keeper.kill('SIGKILL'));
    await untilReady(keeper, moment === 'kube-apiserver' ? moment : undefined);
    const inside = namespacesOf(stateDir);
    if (moment === 'a pod') await startPod(machine.folder, stateDir);
    keeper.kill('SIGKILL');
    await once(keeper, 'exit');
    await eventually(
      async () => processesIn(inside),
      (left) => left.length === 0,
      { withinMs: 10_000 },
    );
    await eventually(machine.now, (now) => JSON.stringify(now) === JSON.stringify(machine.before), { withinMs: 5_000 });

    await using next = await startCluster({ stateDir });
    const kubectl = await Kubectl.of(next);
    expect(await kubectl.run('get', 'pods', '--output', 'name')).toBe('');
    await next.stop();
    expect(await machine.now()).toEqual(machine.before);
    expect(controlGroupsSince(machine)).toEqual([]);
  });

  it('and two of them do not see each other', async () => {
    await using machine = await machineWithForeignThings();
    const [one, two] = await Promise.all(['one', 'two'].map((name) => startCluster({ stateDir: join(machine.folder, name) })));
    if (one === undefined || two === undefined) throw new Error('there are not two');
    await using _one = one;
    await using _two = two;
    await (await Kubectl.of(one)).run('create', 'namespace', 'only-in-one');
    expect(await (await Kubectl.of(two)).run('get', 'namespaces', '--output', 'name')).not.toContain('only-in-one');
    await expect(startCluster({ stateDir: join(machine.folder, 'one') })).rejects.toThrow('runs in');
  });
}

async function startPod(folder: string, stateDir: string): Promise<void> {
  const kubeconfig = join(stateDir, 'kubeconfig');
  await run(process.execPath, [main, 'load', '--state', stateDir, await testImageArchive(folder)]);
  const kubectl = await Kubectl.of({ kubeconfig });
  await kubectl.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'starting' }, spec: shell('sleep 3600') });
  const phase = () => kubectl.run('get', 'pod', 'starting', '--output', 'jsonpath={.spec.nodeName}');
  await eventually(phase, (node) => node !== '', IN_CLUSTER);
}

/** What `npm run cluster -- up` starts and leaves behind. */
function startKeeper(stateDir: string): ChildProcess {
  return spawn(process.execPath, [main, 'keep', '--state', stateDir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Resolves when the component is ready, or everything where none is named. */
function untilReady(keeper: ChildProcess, component: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    keeper.once('exit', () => reject(new Error('it ended before')));
    keeper.on('message', (message: { failed?: string; ready?: object; report?: { event: string; component?: string } }) => {
      const reached = message.report?.event === 'ready' && message.report.component === component;
      if (reached || (component === undefined && message.ready !== undefined)) resolve();
      if (message.failed !== undefined) reject(new Error(message.failed));
    });
  });
}

interface Machine extends AsyncDisposable {
  readonly folder: string;
  readonly before: Snapshot;
  readonly controlGroups: readonly string[];
  readonly now: () => Promise<Snapshot>;
  /** Before the folder is removed, also after a failure. */
  readonly atEnd: (work: () => void) => void;
}

interface Snapshot {
  readonly links: string;
  readonly namespaces: string;
  readonly rules: string;
  readonly mounts: string;
  readonly settings: string;
}

/** A firewall rule, a bridge and a network namespace of somebody else, named as if a container network had made them. */
async function machineWithForeignThings(): Promise<Machine> {
  const folder = await temporaryFolder();
  const stack = new AsyncDisposableStack();
  stack.use(folder);
  const plant = async (make: readonly string[], remove: readonly string[]): Promise<void> => {
    await run(make[0] ?? '', make.slice(1));
    stack.defer(async () => {
      await run(remove[0] ?? '', remove.slice(1));
    });
  };
  await plant(['iptables', '-t', 'nat', '-N', 'CNI-FOREIGN'], ['iptables', '-t', 'nat', '-X', 'CNI-FOREIGN']);
  const rule = ['CNI-FOREIGN', '-d', '192.0.2.1/32', '-j', 'RETURN'];
  await plant(['iptables', '-t', 'nat', '-A', ...rule], ['iptables', '-t', 'nat', '-D', ...rule]);
  await plant(['ip', 'link', 'add', 'foreign0', 'type', 'bridge'], ['ip', 'link', 'delete', 'foreign0']);
  await plant(['ip', 'netns', 'add', 'cni-foreign'], ['ip', 'netns', 'delete', 'cni-foreign']);
  const controlGroupsBefore = controlGroups();
  const before = await snapshot();
  expect(before.rules).toContain('192.0.2.1/32');
  return {
    folder: folder.path,
    before,
    controlGroups: controlGroupsBefore,
    now: snapshot,
    atEnd: (work) => stack.defer(work),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What anybody on the machine sees of its network, mounts and kernel. */
async function snapshot(): Promise<Snapshot> {
  const [links, namespaces, rules] = await Promise.all([run('ip', ['-oneline', 'link']), run('ip', ['netns']), run('iptables-save', [])]);
  const ofKernel = ['vm/overcommit_memory', 'vm/panic_on_oom', 'kernel/panic', 'kernel/panic_on_oops', 'net/ipv4/ip_forward'];
  return {
    links: links.stdout,
    namespaces: namespaces.stdout,
    // Without the time of the listing, and the packets that were counted.
    rules: rules.stdout.replaceAll(/^#.*$|\[\d+:\d+\]/gm, ''),
    mounts: readFileSync('/proc/mounts', 'utf8'),
    settings: ofKernel.map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')).join(''),
  };
}

/** Another run on this machine may have had a cluster before, and end it meanwhile. */
function controlGroupsSince({ controlGroups: before }: Machine): readonly string[] {
  return controlGroups().filter((group) => !before.includes(group));
}

function controlGroups(): readonly string[] {
  return globSync('/sys/fs/cgroup/{,*/}facehash-cluster-*');
}

/** The cluster's own namespaces, as the kernel numbers them. */
function namespacesOf(stateDir: string): ReadonlySet<string> {
  const { init } = JSON.parse(readFileSync(join(stateDir, 'owner.json'), 'utf8')) as { init: { pid: number } };
  const own = ['mnt', 'net', 'pid'].map((kind) => readlinkSync(`/proc/${init.pid}/ns/${kind}`));
  const ours = ['mnt', 'net', 'pid'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  expect(own.filter((namespace) => ours.includes(namespace))).toEqual([]);
  return new Set(own);
}

/** Processes that are in any of the namespaces, or were named after something in one. */
function processesIn(namespaces: ReadonlySet<string>): readonly string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && existsSync(`/proc/${entry}/ns`))
    .filter((pid) => ['mnt', 'net', 'pid'].some((kind) => namespaces.has(linkOf(`/proc/${pid}/ns/${kind}`))));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // it ended while we looked
  }
}
