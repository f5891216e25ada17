import { readdir, readFile } from 'node:fs/promises';

/** Ticks of a process' CPU time in a second: fixed on Linux (USER_HZ, see proc(5)). */
const TICKS_PER_SECOND = 100;

/** Process ids of the children of `parent` whose command line contains `text`. */
export async function childrenOf(parent: number, text: string): Promise<readonly number[]> {
  const all = await Promise.all((await readdir('/proc')).filter((e) => /^\d+$/.test(e)).map(describeProcess));
  return all.flatMap((p) => (p && p.parent === parent && p.command.includes(text) ? [p.pid] : []));
}

/** Whether a process of this id is there and no zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const process = await describeProcess(String(pid));
  return process !== undefined && process.state !== 'Z';
}

/** A process and all below it. */
async function treeOf(root: number): Promise<readonly number[]> {
  const children = await readOf(root, `task/${root}/children`);
  const pids = children.split(' ').filter(Boolean).map(Number);
  return [root, ...(await Promise.all(pids.map(treeOf))).flat()];
}

/** CPU time of a process and all below it, those that ended among them, in ms. */
export async function cpuMsOf(root: number): Promise<number> {
  const stats = await Promise.all((await treeOf(root)).map((pid) => readOf(pid, 'stat')));
  // utime, stime, cutime and cstime; the fields before them end with the name in brackets.
  const ticks = stats.map((stat) =>
    stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15),
  );
  return (ticks.flat().reduce((total, field) => total + Number(field), 0) * 1000) / TICKS_PER_SECOND;
}

/** Resident memory; 0 once the process is gone. */
export async function residentBytes(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readOf(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** The highest that it ever was. */
export async function peakResidentBytes(pid: number): Promise<number> {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readOf(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** The sum over a process and all below it: pages that they share count once for each. */
export async function treeResidentBytes(root: number): Promise<number> {
  const sizes = await Promise.all((await treeOf(root)).map(residentBytes));
  return sizes.reduce((total, bytes) => total + bytes, 0);
}

/** Nothing of a process that ended while we looked. */
function readOf(pid: number, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
}

async function describeProcess(entry: string): Promise<{ pid: number; parent: number; state: string; command: string } | undefined> {
  try {
    const [stat, command] = await Promise.all([readFile(`/proc/${entry}/stat`, 'utf8'), readFile(`/proc/${entry}/cmdline`, 'utf8')]);
    const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(entry), parent: Number(parent), state, command };
  } catch {
    return undefined; // it ended while we looked
  }
}
