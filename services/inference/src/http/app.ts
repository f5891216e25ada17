import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId, noTracer, type Clock, type Logger, type Random, type Tracer } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import type { FastifyInstance } from 'fastify';
import type { Readiness } from '../health/readiness.js';
import { httpModule, managementModule } from './http.module.js';
import { lingerAfterEarlyAnswers } from './lingering.js';
import { serveDocs } from './docs-page.js';
import { apiDocument } from './openapi/document.js';
import type { HttpPorts } from './ports.js';
import { refuseMalformed, refuseOddities } from './malformed.js';
import { servePage } from './page.js';
import { logRequests } from './request-log.js';
import { traceRequests } from './request-trace.js';
import { RouteTable } from './routes.js';

/** Longer than what load balancers keep an idle connection (60 s), so that they close it and never write into a closed one. */
const KEEP_ALIVE_MS = 72_000;

/** For the head of a request; many times what the slowest network takes. */
const HEADERS_TIMEOUT_MS = 60_000;
/** How late a timeout may be noticed. */
const CHECK_INTERVAL_MS_MAX = 5000;

/** The whole API, ready to listen or to be asked by `inject()`. */
export async function createHttpApp(
  ports: HttpPorts,
  { health = true }: { readonly health?: boolean } = {},
): Promise<NestFastifyApplication> {
  const app = await createApp((routes) => httpModule(ports, routes, { health }), ports, ports.limits.uploadTimeoutMs);
  const document = apiDocument(app);
  const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', () => document);
  serveDocs(fastify);
  await servePage(fastify);
  return await ready(app);
}

/** Health and metrics on a port of their own. */
export async function createManagementApp(ports: AppPorts): Promise<NestFastifyApplication> {
  return await ready(await createApp((routes) => managementModule(ports, routes), ports, 10_000));
}

export interface AppPorts {
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tracer?: Tracer;
}

async function createApp(
  module: (routes: RouteTable) => DynamicModule,
  ports: AppPorts,
  requestTimeout: number,
): Promise<NestFastifyApplication> {
  const { clock, random, logger, readiness } = ports;
  const adapter = new FastifyAdapter({
    // Fastify's own logger writes paths, and paths may hold keys.
    logger: false,
    genReqId: () => newId('req', clock, random),
    requestIdHeader: false,
    requestTimeout,
    http: { ...patience(requestTimeout), requireHostHeader: false },
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    ...refuseMalformed(clock, random),
  });
  const fastify: FastifyInstance = adapter.getInstance();
  const routes = new RouteTable();
  routes.follow(fastify);
  traceRequests(fastify, ports.tracer ?? noTracer);
  leaveBodiesAlone(fastify);
  refuseOddities(fastify, clock, random);
  lingerAfterEarlyAnswers(fastify);
  closeWhileDraining(fastify, readiness);
  logRequests(fastify, ports);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares the type of its options as a class, and takes plain objects
  return await NestFactory.create<NestFastifyApplication>(module(routes), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: forNest(logger),
  });
}

/** Node takes the longer one of two timeouts for that of the whole request, whichever it was given as, and looks at them every 30 s if not told otherwise. */
function patience(requestTimeout: number): { readonly headersTimeout: number; readonly connectionsCheckingInterval: number } {
  return {
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
    connectionsCheckingInterval: Math.min(CHECK_INTERVAL_MS_MAX, Math.ceil(requestTimeout / 4)),
  };
}

async function ready(app: NestFastifyApplication): Promise<NestFastifyApplication> {
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

/** Each call reads its body as a stream, by its own limits, after it knows whose it is. */
function leaveBodiesAlone(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
}

/** Clients find another replica for their next request. */
function closeWhileDraining(fastify: FastifyInstance, readiness: Readiness): void {
  fastify.addHook('onSend', async (_request, reply) => {
    if (readiness.draining.aborted) reply.header('connection', 'close');
  });
}

/** Nest reports what it set up at length; only what it complains of is worth a line. */
function forNest(logger: Logger): LoggerService {
  const text = (message: unknown): string => `nest: ${String(message)}`;
  return { log: () => undefined, warn: (message) => logger.warn(text(message)), error: (message) => logger.error(text(message)) };
}
