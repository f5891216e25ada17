import { runtimeMetrics, type MetricName, type RuntimeMetrics } from '@facehash/operator-runtime';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

interface Reading {
  readonly labels: Labels;
  readonly read: () => number;
}

/** Keeps what the runtime measures for Prometheus: one metric for each entry of its list. */
export function promMetrics(registry: Registry): RuntimeMetrics {
  const counters = new Map<MetricName, Counter>();
  const histograms = new Map<MetricName, Histogram>();
  const readings = new Map<MetricName, Set<Reading>>();
  for (const [name, { kind, help, labels, ...rest }] of entries()) {
    const config = { name, help, labelNames: [...labels], registers: [registry] };
    if (kind === 'counter') counters.set(name, new Counter(config));
    else if (kind === 'histogram')
      histograms.set(name, new Histogram({ ...config, ...('buckets' in rest ? { buckets: [...rest.buckets] } : {}) }));
    else readings.set(name, followed(config));
  }
  return {
    count: (name, labels) => counters.get(name)?.inc(labels),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    gauge: (name, labels, read) => {
      const reading = { labels, read };
      readings.get(name)?.add(reading);
      return () => void readings.get(name)?.delete(reading);
    },
  };
}

/** Asked when somebody looks, so that nothing has to be kept up to date meanwhile. */
function followed(config: ConstructorParameters<typeof Gauge>[0]): Set<Reading> {
  const readings = new Set<Reading>();
  new Gauge({
    ...config,
    collect() {
      this.reset();
      for (const { labels, read } of readings) this.set(labels, read());
    },
  });
  return readings;
}

function entries(): [MetricName, (typeof runtimeMetrics)[MetricName]][] {
  const names = Object.keys(runtimeMetrics).filter((name): name is MetricName => name in runtimeMetrics);
  return names.map((name) => [name, runtimeMetrics[name]]);
}
