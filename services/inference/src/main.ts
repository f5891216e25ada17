import 'reflect-metadata';
import { once } from 'node:events';
import { createLogger } from '@facehash/observability';
import { loadConfig, type InferenceConfig } from './config.js';
import { openCluster } from './cluster/open-cluster.js';
import { startLifecycle } from './cluster/start-lifecycle.js';
import { CannotStart } from './composition/cannot-start.js';
import { startServer, type Open, type Server } from './composition/server.js';
import { openStandalone } from './standalone/open-standalone.js';

/** By then everything has been closed, or never will be. */
const EXIT_GRACE_MS = 20_000;

const config = configOrExit();
const logger = createLogger({ level: config.log.level, pretty: config.log.format === 'pretty', name: 'inference' });
for (const name of config.unknownVariables)
  logger.warn('a variable looks like a setting of FaceHash and is none: is it misspelt?', { name });

process.on('uncaughtException', (error) => die('an error that nobody expected', error));
const stopAsked = firstSignal();
try {
  let started = false;
  // Nothing that is acknowledged can be lost yet: whoever wants to stop during the start need not wait for its end.
  void stopAsked.then(() => (started ? undefined : die('stopped while it was starting', undefined)));
  const server = await start();
  started = true;
  await stopAsked;
  setTimeout(() => die('the stop took too long', undefined), config.shutdownGraceMs + EXIT_GRACE_MS).unref();
  await server.stop();
} catch (error) {
  if (error instanceof CannotStart) die(error.message, undefined);
  die('FaceHash could not run', error);
}

function start(): Promise<Server> {
  switch (config.mode) {
    case 'standalone':
      return serve(openStandalone);
    case 'cluster':
      return serve(openCluster);
    case 'lifecycle':
      return startLifecycle(config, logger);
  }
}

function serve(open: Open): Promise<Server> {
  return startServer(config, { open, logger, say: (text) => process.stdout.write(text), toPerson: process.stdout.isTTY });
}

/** The first signal asks to stop; the second one means it. */
async function firstSignal(): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  await Promise.race(signals.map((signal) => once(process, signal)));
  for (const signal of signals) process.once(signal, () => process.exit(1));
}

function configOrExit(): InferenceConfig {
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
