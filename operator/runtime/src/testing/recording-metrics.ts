import type { CounterName, GaugeName, HistogramName, LabelsOf, MetricName, RuntimeMetrics } from '../metrics.js';

/** Keeps every measurement, so that a test can say what was measured. */
export class RecordingMetrics implements RuntimeMetrics {
  readonly #counters = new Map<string, number>();
  readonly #observations = new Map<string, number[]>();
  readonly #gauges = new Map<string, () => number>();

  count<N extends CounterName>(name: N, labels: LabelsOf<N>): void {
    const key = keyOfSeries(name, labels);
    this.#counters.set(key, (this.#counters.get(key) ?? 0) + 1);
  }

  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, seconds: number): void {
    const key = keyOfSeries(name, labels);
    this.#observations.set(key, [...(this.#observations.get(key) ?? []), seconds]);
  }

  gauge<N extends GaugeName>(name: N, labels: LabelsOf<N>, read: () => number): () => void {
    const key = keyOfSeries(name, labels);
    this.#gauges.set(key, read);
    return () => void this.#gauges.delete(key);
  }

  /** 0 if it was never counted. */
  counted<N extends CounterName>(name: N, labels: LabelsOf<N>): number {
    return this.#counters.get(keyOfSeries(name, labels)) ?? 0;
  }

  observed<N extends HistogramName>(name: N, labels: LabelsOf<N>): readonly number[] {
    return this.#observations.get(keyOfSeries(name, labels)) ?? [];
  }

  /** Undefined where there is no such gauge, or no longer. */
  read<N extends GaugeName>(name: N, labels: LabelsOf<N>): number | undefined {
    return this.#gauges.get(keyOfSeries(name, labels))?.();
  }
}

function keyOfSeries(name: MetricName, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}
