import { Counter, Gauge, type Registry } from 'prom-client';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric that is asked for when somebody looks, so that nothing has to be kept up to date meanwhile. */
export interface Scraped {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Of a counter: since the start of the process. */
  readonly samples: () => readonly Sample[];
}

export function scraped(registry: Registry, { type, name, help, labelNames, samples }: Scraped): void {
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (type === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.inc(labels, value);
      },
    });
  }
}

/** The one series of a metric without labels. */
export function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

/** A series for each entry, whose key is the label's value. */
export function by(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([key, value]) => ({ labels: { [label]: key }, value }));
}

/** As `by`, for what holds or does not. */
export function byTruth(label: string, values: Readonly<Record<string, boolean>>): readonly Sample[] {
  return Object.entries(values).map(([key, holds]) => ({ labels: { [label]: key }, value: holds ? 1 : 0 }));
}
