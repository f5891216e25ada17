import { exitCodes } from '@facehash/artifacts';
import { FaceHashError } from '@facehash/kernel';

export interface StopOptions {
  /** Stop when the parent is gone, too, so that a killed server leaves no orphan. */
  readonly withParent: boolean;
  /** How long a run may take to stop before the process ends as it is. */
  readonly graceMs: number;
}

/** Aborts with SHUTTING_DOWN when the process is asked to end. Whatever does not stop in time is cut off: a run may be repeated. */
export function stopSignal({ withParent, graceMs }: StopOptions): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) return;
    controller.abort(new FaceHashError('SHUTTING_DOWN'));
    setTimeout(() => process.exit(exitCodes.unavailable), graceMs).unref();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  // Nobody reads what is printed any more.
  process.stdout.on('error', stop);
  if (withParent) {
    process.on('disconnect', stop);
    process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
  }
  return controller.signal;
}
