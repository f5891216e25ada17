import { Presets, SingleBar } from 'cli-progress';
import type { CliContext } from './context.js';

export interface Progress extends Disposable {
  update(done: number, total?: number): void;
}

/** A bar at a terminal; nothing elsewhere, so that a log holds no control characters. */
export function openProgress({ bars }: Pick<CliContext, 'bars'>, what: string, total: number): Progress {
  if (!bars) return { update: () => undefined, [Symbol.dispose]: () => undefined };
  const options = { format: `${what} {bar} {percentage} %`, hideCursor: true, clearOnComplete: true, stream: bars };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(total, 0);
  return {
    update: (done, newTotal) => {
      if (newTotal !== undefined) bar.setTotal(newTotal);
      bar.update(done);
    },
    [Symbol.dispose]: () => bar.stop(),
  };
}
