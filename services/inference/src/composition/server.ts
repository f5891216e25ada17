import { once } from 'node:events';
import { createServer } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Closer, type Logger } from '@facehash/kernel';
import type { Pipeline } from '@facehash/vision-core';
import type { InferenceConfig } from '../config.js';
import type { Readiness } from '../health/readiness.js';
import { createHttpApp, createManagementApp } from '../http/app.js';
import type { HttpPorts } from '../http/ports.js';
import { CannotStart } from './cannot-start.js';
import { measured } from './measured.js';
import { lookAtSample, type Seen } from './self-test.js';

export interface Server {
  /** Answers what is under way, at most for the grace period, and closes everything in the reverse order of its opening. */
  stop(): Promise<void>;
}

/** The product, but for what listens. */
export interface Opened {
  readonly ports: HttpPorts;
  /** The one that versions are trained with. */
  readonly pipeline: Pipeline;
  /** Else health and metrics are served on the management port only. */
  readonly healthOnMainPort: boolean;
  /** What a person reads after the start, if anything. */
  readonly greet?: (facts: { readonly url: string; readonly seen: Seen; readonly toPerson: boolean }) => Promise<string>;
}

/** Opens everything behind the ports; the closer closes it again, also after a start that failed. */
export type Open = (config: InferenceConfig, logger: Logger, closer: Closer) => Promise<Opened>;

export interface ServerOptions {
  readonly open: Open;
  readonly logger: Logger;
  /** Takes what a person reads after the start. */
  readonly say: (text: string) => void;
  /** A person reads it, and nothing keeps it: the API key may be in it. */
  readonly toPerson: boolean;
}

/** Starts the product. Resolves when it is ready for requests; rejects with everything closed again. */
export async function startServer(config: InferenceConfig, { open, logger, say, toPerson }: ServerOptions): Promise<Server> {
  const closer = new Closer();
  try {
    // Before anything is made: a wrong port is found out in no time.
    for (const port of [config.port, config.managementPort ?? 0]) await requireFree(port, config.host);
    const { pipeline, healthOnMainPort, greet, ...opened } = await open(config, logger, closer);
    const ports = measured(opened.ports);
    const app = await createHttpApp(ports, { health: healthOnMainPort });
    const apps = [app];
    closer.defer('HTTP', () => closeApps(apps, config.shutdownGraceMs, logger));
    await listen(app, config.port, config.host);
    if (config.managementPort !== undefined) {
      const management = await createManagementApp(ports);
      // Last, so that probes and scrapes see the end of the drain.
      apps.push(management);
      await listen(management, config.managementPort, config.host);
      logger.info('health and metrics', { url: await management.getUrl() });
    }
    const seen = await lookAtSample(ports.analyser, { clock: ports.clock, pipeline });
    const url = addressOf(await app.getUrl());
    if (greet) say(await greet({ url, seen, toPerson }));
    ports.readiness.selfTestPassed();
    logger.info('ready', { url, ...seen });
    return { stop: () => stop(ports.readiness, closer, logger) };
  } catch (error) {
    await closer
      .close()
      .catch((cause: unknown) => logger.warn('not everything could be closed after a start that failed', { error: cause }));
    throw error;
  }
}

async function stop(readiness: Readiness, closer: Closer, logger: Logger): Promise<void> {
  logger.info('stopping: no new requests, those under way are answered');
  readiness.drain();
  await closer.close();
  logger.info('stopped');
}

async function requireFree(port: number, host: string): Promise<void> {
  if (port === 0) return;
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw portTaken(port, host, cause);
  } finally {
    server.close();
  }
}

function portTaken(port: number, host: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) return cause;
  const advice = 'Stop that, or choose another port by PORT (or MANAGEMENT_PORT).';
  return new CannotStart(`Port ${port} of ${host} is taken by another program. ${advice}`, { cause });
}

/** Throws CannotStart where somebody else has the port. */
export async function listen(app: NestFastifyApplication, port: number, host: string): Promise<void> {
  try {
    await app.listen(port, host);
  } catch (cause) {
    throw portTaken(port, host, cause);
  }
}

/** Waits for the requests under way, and after the grace period for nothing any more. */
async function closeApps(apps: readonly NestFastifyApplication[], graceMs: number, logger: Logger): Promise<void> {
  const cut = setTimeout(() => {
    logger.warn('requests under way are cut off: the grace period is over', { graceMs });
    for (const app of apps) app.getHttpAdapter().getInstance().server.closeAllConnections();
  }, graceMs);
  try {
    for (const app of apps) await app.close();
  } finally {
    clearTimeout(cut);
  }
}

/** As a person types it. */
function addressOf(url: string): string {
  return url.replace('[::1]', 'localhost');
}
