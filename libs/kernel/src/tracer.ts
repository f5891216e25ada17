export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work whose time is told. */
export interface Span {
  /** Never a key, a name, a photo or a path. */
  set(attributes: SpanAttributes): void;
}

/** The work on one request, from its arrival to its answer. */
export interface RequestSpan extends Span {
  /** Of the trace that it belongs to, for the log; undefined when nothing is traced. */
  readonly traceId: string | undefined;
  end(): void;
}

/** A piece of work that is over, in milliseconds since the epoch. */
export interface PastSpan {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes?: SpanAttributes;
  readonly children?: readonly PastSpan[];
}

export interface RequestOptions {
  readonly name: string;
  /** W3C Trace Context: what the caller says this is a part of. Ignored when it is malformed. */
  readonly traceparent?: string;
  readonly attributes?: SpanAttributes;
}

/** The port of traces. Names and attributes come from small fixed sets: what is traced leaves the process. */
export interface Tracer {
  /** Does `work` as a part of what is under way around it. A failure is marked with its code and passed on. */
  span<T>(name: string, work: (span: Span) => T): T;
  /** Everything that `run` starts is a part of this request, until `end`. */
  request(options: RequestOptions, run: (span: RequestSpan) => void): void;
  /** Tells of a part of what is under way. */
  past(span: PastSpan): void;
  /** Tells of work that is no part of any request. */
  background(span: PastSpan): void;
}

const nothing = (): void => undefined;
const noSpan: RequestSpan = { traceId: undefined, set: nothing, end: nothing };

/** Traces nothing. */
export const noTracer: Tracer = {
  span: (_name, work) => work(noSpan),
  request: (_options, run) => run(noSpan),
  past: nothing,
  background: nothing,
};
