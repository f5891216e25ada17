import { readdir, readFile } from 'node:fs/promises';
import { oneFailed, onePassed } from './report.mjs';

/** Every process that a test starts inherits this variable, in whatever process group it hides. */
export const mark = 'FACEHASH_TEST_RUN';

/** Kills what the tests left running; a leftover is a failure, because on a user's machine nobody would kill it. */
export async function noLeftovers(run) {
  const leftovers = await processesMarked(run);
  for (const { pid, command } of leftovers) {
    console.log(`still running after the tests: ${pid} ${command}`);
    process.kill(pid, 'SIGKILL');
  }
  return leftovers.length === 0 ? onePassed : oneFailed;
}

async function processesMarked(run) {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => describeIfMarked(pid, `${mark}=${run}`)));
  return found.filter((process) => process !== undefined);
}

async function describeIfMarked(pid, marking) {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    if (!environment.split('\0').includes(marking)) return undefined;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return { pid: Number(pid), command: command.replaceAll('\0', ' ').trim() };
  } catch {
    return undefined; // it ended while we looked, or belongs to another user
  }
}
