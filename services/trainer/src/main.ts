import { exitCodeOf, exitCodes, type RunOutcome } from '@facehash/artifacts';
import { Closer, deadline, systemClock } from '@facehash/kernel';
import { createLogger } from '@facehash/observability';
import { failedOutcome, train } from '@facehash/training';
import { backendFor, openBackend } from './backend.js';
import { loadConfig, type TrainerConfig } from './config.js';
import { lazyAnalyser } from './lazy-analyser.js';
import { openObjects } from './objects.js';
import { progressOut } from './progress.js';
import { stopSignal } from './stop.js';
import { writeTermination } from './termination.js';
import { openVision } from './vision.js';

/** With what is left of the second that a stop may take, worker processes are closed. */
const STOP_GRACE_MS = 900;

const config = configOrExit();
const logger = createLogger({ ...config.log, name: 'trainer' }).child({ run: config.run.run, storageId: config.run.storageId });
const stop = stopSignal({ withParent: config.exitWithParent, graceMs: STOP_GRACE_MS });
const closer = new Closer();
const outcome = await runOnce().catch((thrown: unknown) => failedOutcome(thrown, logger));
writeTermination(config.terminationMessage, outcome, logger);
await closer.close().catch((error: unknown) => logger.warn('closing failed', { error }));
process.exit(exitCodeOf(outcome));

async function runOnce(): Promise<RunOutcome> {
  const objects = await openObjects(config, logger, closer);
  const backend = await openBackend(backendFor(config.backend, config.run.accelerator), process.env, logger);
  const analyser = lazyAnalyser(() => openVision(config, logger));
  closer.defer('vision workers', () => analyser.close());
  return train(
    config.run,
    { objects, backend, analyser, logger, clock: systemClock, pipeline: config.pipeline },
    {
      signal: deadline(config.run.deadlineSeconds * 1000, stop),
      onProgress: progressOut(config, logger, closer),
      // One on each worker, and one for each that waits its turn, so that none is idle while features are stored.
      photosAtOnce: 2 * config.visionProcesses,
    },
  );
}

function configOrExit(): TrainerConfig {
  try {
    return loadConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(exitCodes.misconfigured);
  }
}
