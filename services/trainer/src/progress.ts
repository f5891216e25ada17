import type { RunProgress } from '@facehash/artifacts';
import { systemClock, systemRandom, type Closer, type Logger } from '@facehash/kernel';
import { openProgressTeller } from '@facehash/messaging-nats';
import type { TrainerConfig } from './config.js';

/** Tells how far the run is: the parent, line by line, and where it is to whoever listens on NATS. Neither keeps the run from going on. */
export function progressOut({ run, nats }: Pick<TrainerConfig, 'run' | 'nats'>, logger: Logger, closer: Closer) {
  const { storageId, run: name } = run;
  const teller = nats && openProgressTeller({ ...nats, name: `trainer-${name}`, clock: systemClock, random: systemRandom, logger });
  if (teller) closer.defer('progress', () => teller.close());
  return (progress: RunProgress): void => {
    process.stdout.write(`${JSON.stringify(progress)}\n`);
    teller?.tell({ v: 1, storageId, run: name, stage: progress.stage, percent: progress.percent });
  };
}
