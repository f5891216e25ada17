import { readdir, readFile } from 'node:fs/promises';

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

async function describeProcess(entry: string): Promise<{ pid: number; parent: number; state: string; command: string } | undefined> {
  try {
    const [stat, command] = await Promise.all([readFile(`/proc/${entry}/stat`, 'utf8'), readFile(`/proc/${entry}/cmdline`, 'utf8')]);
    const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(entry), parent: Number(parent), state, command };
  } catch {
    return undefined; // it ended while we looked
  }
}
