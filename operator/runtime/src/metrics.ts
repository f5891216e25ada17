interface MetricEntry {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

const queue = ['name', 'controller'] as const;
/** Both of client-go: a reconcile takes milliseconds to a minute, a key waits microseconds to minutes. */
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const queueBuckets = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000] as const;

/**
 * Everything that is measured, under the names of controller-runtime and client-go where they have one, so that dashboards made for any
 * operator show this one. Each label has a bounded set of values.
 */
export const runtimeMetrics = {
  controller_runtime_reconcile_total: {
    kind: 'counter',
    help: 'Reconciliations by result: success, requeue_after, error',
    labels: ['controller', 'result'],
  },
  controller_runtime_reconcile_errors_total: { kind: 'counter', help: 'Reconciliations that threw', labels: ['controller'] },
  controller_runtime_terminal_reconcile_errors_total: {
    kind: 'counter',
    help: 'Reconciliations that no retry would help',
    labels: ['controller'],
  },
  controller_runtime_reconcile_time_seconds: {
    kind: 'histogram',
    help: 'Time that a reconciliation took',
    labels: ['controller'],
    buckets: reconcileBuckets,
  },
  controller_runtime_active_workers: { kind: 'gauge', help: 'Workers that reconcile now', labels: ['controller'] },
  controller_runtime_max_concurrent_reconciles: { kind: 'gauge', help: 'Workers that may reconcile at once', labels: ['controller'] },
  workqueue_depth: { kind: 'gauge', help: 'Keys that are ready and wait for a worker', labels: queue },
  workqueue_adds_total: { kind: 'counter', help: 'Keys that were queued', labels: queue },
  workqueue_retries_total: { kind: 'counter', help: 'Keys that were queued again after a failure', labels: queue },
  workqueue_refused_total: { kind: 'counter', help: 'Keys that a full queue refused; a resync brings them back', labels: queue },
  workqueue_queue_duration_seconds: {
    kind: 'histogram',
    help: 'Time that a key waited for a worker',
    labels: queue,
    buckets: queueBuckets,
  },
  workqueue_work_duration_seconds: { kind: 'histogram', help: 'Time that a worker had a key', labels: queue, buckets: queueBuckets },
  workqueue_unfinished_work_seconds: { kind: 'gauge', help: 'Time that all keys now worked on have taken together', labels: queue },
  workqueue_longest_running_processor_seconds: { kind: 'gauge', help: 'Age of the oldest work', labels: queue },
  leader_election_master_status: { kind: 'gauge', help: '1 while this process leads', labels: ['name'] },
  rest_client_requests_total: {
    kind: 'counter',
    help: 'Calls of the API server by HTTP status; <error> where none came',
    labels: ['code', 'method'],
  },
  watch_cache_staleness_seconds: { kind: 'gauge', help: 'Time since the cache was last known to be current', labels: ['resource'] },
  watch_cache_objects: { kind: 'gauge', help: 'Objects in the cache', labels: ['resource'] },
  watch_cache_restarts_total: {
    kind: 'counter',
    help: 'Ends of a watch by reason: ended, resync, expired, stalled, failed',
    labels: ['resource', 'reason'],
  },
} as const satisfies Record<string, MetricEntry>;

type Catalogue = typeof runtimeMetrics;
type NameOfKind<K extends MetricEntry['kind']> = { [N in keyof Catalogue]: Catalogue[N]['kind'] extends K ? N : never }[keyof Catalogue];

export type CounterName = NameOfKind<'counter'>;
export type GaugeName = NameOfKind<'gauge'>;
export type HistogramName = NameOfKind<'histogram'>;
export type MetricName = keyof Catalogue;
export type LabelsOf<N extends MetricName> = Readonly<Record<Catalogue[N]['labels'][number], string>>;

/** The port of measurements: whoever keeps them makes one metric for each entry of `runtimeMetrics`. */
export interface RuntimeMetrics {
  count<N extends CounterName>(name: N, labels: LabelsOf<N>): void;
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void;
  /** `read` is called whenever somebody looks, until the function that comes back is called. */
  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, read: () => number): () => void;
}

const nothing = (): void => undefined;

/** Keeps nothing. */
export const noRuntimeMetrics: RuntimeMetrics = { count: nothing, observe: nothing, gauge: () => nothing };
