import type { Logger } from '@facehash/kernel';
import type { Metrics } from '@facehash/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { modelOf } from './auth.js';
import { traceIdOf } from './request-trace.js';
import { routeOf } from './routes.js';

/** One line and one observation for each request. Neither holds the path: the ancestor's calls carry the key in it. */
export function logRequests(fastify: FastifyInstance, { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics }): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request);
    metrics.observeHttp({ method: request.method, route, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
    // Probes and scrapes come every few seconds and tell nothing.
    logger[/^\/(health|metrics)/.test(route) ? 'debug' : 'info']('request', about(request, reply, route));
    done();
  });
  fastify.addHook('onRequestAbort', (request, done) => {
    logger.info('the client hung up', { requestId: request.id, method: request.method, route: routeOf(request) });
    done();
  });
}

function about(request: FastifyRequest, reply: FastifyReply, route: string): Record<string, unknown> {
  return {
    requestId: request.id,
    method: request.method,
    route,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime * 10) / 10,
    storageId: modelOf(request)?.storageId,
    traceId: traceIdOf(request),
  };
}
