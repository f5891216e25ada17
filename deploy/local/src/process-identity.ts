import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process id alone is used again after a while; with the time of its start it is one process, until the machine starts anew. */
export const processIdentity = z.object({ pid: z.number().int().positive(), startTime: z.string(), bootId: z.string() });
export type ProcessIdentity = z.infer<typeof processIdentity>;

/** Undefined once it has ended. The first process of a namespace has not before all others of it are gone (pid_namespaces(7)). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === undefined || /^[ZX]$/.test(fieldIn(stat, 3))) return undefined;
  return { pid, startTime: startTimeIn(stat), bootId: textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? '' };
}

export function isThere({ pid, startTime, bootId }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  return now !== undefined && now.startTime === startTime && now.bootId === bootId;
}

/** In clock ticks since the machine started. */
export function startTimeIn(stat: string): string {
  return fieldIn(stat, 22);
}

/** A field of /proc/<pid>/stat as proc(5) counts them, from the third on. The second is a name in brackets, which may hold anything. */
function fieldIn(stat: string, field: number): string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[field - 3] ?? '';
}

/** The children of a process' first thread. */
export function childrenOf(pid: number): readonly number[] {
  const text = textOf(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
