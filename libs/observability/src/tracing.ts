import { AsyncLocalStorage } from 'node:async_hooks';
import {
  asFaceHashError,
  type Logger,
  type PastSpan,
  type RequestOptions,
  type Span,
  type SpanAttributes,
  type Tracer,
} from '@facehash/kernel';
import type * as Api from '@opentelemetry/api';
import type { ExportResultCode } from '@opentelemetry/core';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { masked } from './masked.js';

export interface TracingOptions {
  /** Base address of an OTLP receiver over HTTP, as in OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  /** The program. */
  readonly name: string;
  readonly logger: Logger;
}

export interface OpenedTracer extends Tracer {
  /** Sends what was not sent. A receiver that does not answer is waited for a few seconds. */
  close(): Promise<void>;
}

const EXPORT_TIMEOUT_MS = 3000;
/** Spans that wait to be sent; more are dropped, so that a receiver that is away costs no memory. */
const WAITING_MAX = 2048;

/** Sends spans by OTLP. The SDK is loaded here and nowhere else: a program that traces nothing does not pay for it. */
export async function openTracer({ endpoint, name, logger }: TracingOptions): Promise<OpenedTracer> {
  const [
    api,
    { ExportResultCode, parseTraceParent },
    { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider },
    resources,
    otlp,
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/core'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = complaining(new otlp.OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), ExportResultCode.FAILED, logger);
  const provider = new TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': `facehash-${name}` }),
    sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: WAITING_MAX, exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  const tracer = new OtelTracer(api, provider.getTracer('facehash'), parseTraceParent);
  // What could not be sent was said by then, and is no reason to call the stop of the program unclean.
  return Object.assign(tracer, { close: () => provider.shutdown().catch(() => undefined) });
}

/** Says once that spans cannot be sent, and again when that changed in between. */
function complaining(exporter: SpanExporter, failedCode: ExportResultCode, logger: Logger): SpanExporter {
  let failed = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const fails = result.code === failedCode;
        if (fails && !failed) logger.warn('spans cannot be sent', { error: result.error });
        failed = fails;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

/** Where a piece of work belongs is carried by Node's own asynchronous context, for this tracer alone: nothing is set for the whole process. */
class OtelTracer implements Tracer {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #parse: (traceparent: string) => Api.SpanContext | null;
  readonly #current = new AsyncLocalStorage<Api.Context>();

  constructor(api: typeof Api, tracer: Api.Tracer, parse: (traceparent: string) => Api.SpanContext | null) {
    this.#api = api;
    this.#tracer = tracer;
    this.#parse = parse;
  }

  span<T>(name: string, work: (span: Span) => T): T {
    const span = this.#tracer.startSpan(name, {}, this.#context());
    return this.#within(span, () => {
      try {
        const result = work(settable(span));
        if (isPromise(result))
          void result.then(
            () => span.end(),
            (error: unknown) => this.#fail(span, error),
          );
        else span.end();
        return result;
      } catch (error) {
        this.#fail(span, error);
        throw error;
      }
    });
  }

  request({ name, traceparent, attributes = {} }: RequestOptions, run: Parameters<Tracer['request']>[1]): void {
    const caller = traceparent === undefined ? null : this.#parse(traceparent);
    const { ROOT_CONTEXT, SpanKind, trace } = this.#api;
    const parent = caller ? trace.setSpanContext(ROOT_CONTEXT, { ...caller, isRemote: true }) : ROOT_CONTEXT;
    const span = this.#tracer.startSpan(masked(name), { kind: SpanKind.SERVER, attributes: safe(attributes) }, parent);
    this.#within(span, () => run({ ...settable(span), traceId: span.spanContext().traceId, end: () => span.end() }));
  }

  past(past: PastSpan): void {
    this.#tell(past, this.#context());
  }

  background(past: PastSpan): void {
    this.#tell(past, this.#api.ROOT_CONTEXT);
  }

  #tell({ name, startMs, endMs, attributes = {}, children = [] }: PastSpan, parent: Api.Context): void {
    const span = this.#tracer.startSpan(name, { startTime: startMs, attributes: safe(attributes) }, parent);
    for (const child of children) this.#tell(child, this.#api.trace.setSpan(parent, span));
    span.end(endMs);
  }

  #context(): Api.Context {
    return this.#current.getStore() ?? this.#api.ROOT_CONTEXT;
  }

  #within<T>(span: Api.Span, work: () => T): T {
    return this.#current.run(this.#api.trace.setSpan(this.#context(), span), work);
  }

  /** The code and nothing else: messages may quote what was sent. */
  #fail(span: Api.Span, error: unknown): void {
    span.setAttribute('error.type', asFaceHashError(error).code);
    span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    span.end();
  }
}

function settable(span: Api.Span): Span {
  return { set: (attributes) => void span.setAttributes(safe(attributes)) };
}

/** The last line of defence, as for the log. */
function safe(attributes: SpanAttributes): SpanAttributes {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' ? masked(value) : value]));
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
