import { once } from 'node:events';
import { createLogger, createMetrics } from '@facehash/observability';
import { loadConfig, type OperatorConfig } from './config.js';
import { openManagement } from './management.js';

const config = configOrExit();
const logger = createLogger({ ...config.log, name: 'operator' });
const stopAsked = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);

const metrics = createMetrics();
const management = await openManagement(metrics, { port: config.managementPort, host: config.host }).catch((error: unknown) => {
  logger.error('health and metrics cannot be served', { error });
  process.exit(1);
});
logger.warn('this operator reconciles nothing yet: it serves health and metrics only', { port: management.port });

await stopAsked;
logger.info('stopping');
management.drain();
await management.close();
metrics.close();

function configOrExit(): OperatorConfig {
  try {
    return loadConfig(process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(64);
  }
}
