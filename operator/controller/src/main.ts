import { once } from 'node:events';
import { createLogger } from '@facehash/observability';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { loadConfig, type OperatorConfig } from './config.js';
import { openOperator } from './open-operator.js';

const config = configOrExit();
const logger = createLogger({ ...config.log, name: 'operator' });
const registry = new Registry();
collectDefaultMetrics({ register: registry });

const stopAsked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
try {
  // Another process leads by now: whatever this one believes to know may be wrong, and a new one knows nothing wrong.
  const onLost = (): void => die('the lease is lost', undefined);
  const operator = await openOperator(config, { logger, registry, onLost });
  await stopAsked;
  logger.info('stopping');
  await operator.stop();
  process.exit(0);
} catch (error) {
  die('the operator could not run', error);
}

function configOrExit(): OperatorConfig {
  try {
    return loadConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(64);
  }
}

function die(what: string, error: unknown): never {
  logger.error(what, error === undefined ? {} : { error });
  process.exit(1);
}
