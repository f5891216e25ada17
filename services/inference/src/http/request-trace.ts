import { noTracer, type RequestSpan, type Tracer } from '@facehash/kernel';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { modelOf } from './auth.js';
import { routeOf } from './routes.js';

const spans = new WeakMap<FastifyRequest, RequestSpan>();

/** The trace that a request belongs to; undefined when none is kept. */
export function traceIdOf(request: FastifyRequest): string | undefined {
  return spans.get(request)?.traceId;
}

/** A span for each request, by the template of its route: the path may hold a key. Must be called before any other hook that answers. */
export function traceRequests(fastify: FastifyInstance, tracer: Tracer): void {
  if (tracer === noTracer) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = routeOf(request);
    // Probes and scrapes come every few seconds and tell nothing.
    if (/^\/(health|metrics)/.test(route)) return done();
    const { traceparent } = request.headers;
    const attributes = { 'http.request.method': request.method, 'http.route': route, 'facehash.request_id': request.id };
    const options = { name: `${request.method} ${route}`, attributes, ...(typeof traceparent === 'string' ? { traceparent } : {}) };
    tracer.request(options, (span) => {
      spans.set(request, span);
      // Comes after every answer, and when the client hung up before it.
      reply.raw.once('close', () => {
        const model = modelOf(request)?.storageId;
        span.set({ 'http.response.status_code': reply.statusCode, ...(model === undefined ? {} : { 'facehash.model': model }) });
        span.end();
      });
      done();
    });
  });
}
