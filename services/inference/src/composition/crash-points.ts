import { checkpoints, type OnCheckpoint } from '@facehash/enrolment';
import { CannotStart } from './cannot-start.js';

/**
 * For tests of what survives: the process kills itself with SIGKILL at the n-th passing of a checkpoint (`photo.stored:2`; the first when no
 * number is given). Nothing when `spec` is left out. Throws for a name that is no checkpoint.
 */
export function crashPoint(spec: string | undefined, kill: () => void = killMyself): OnCheckpoint | undefined {
  if (spec === undefined) return undefined;
  const [name = '', nth = '1'] = spec.split(':');
  if (!checkpoints.some((checkpoint) => checkpoint === name))
    throw new CannotStart(`FACEHASH_CRASH_AT names no checkpoint: ${name}. There are ${checkpoints.join(', ')}`);
  let left = Number(nth);
  return (passed) => {
    if (passed === name && --left === 0) kill();
  };
}

/** The signal cannot be handled, so nothing more is written, closed or answered. */
function killMyself(): void {
  process.kill(process.pid, 'SIGKILL');
}
