/** One line of Prometheus' text format. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type Samples = readonly Sample[];

/** Only what counters and gauges of controllers and of the API server look like: no escapes within labels are undone. */
export function parseMetrics(text: string): Samples {
  return text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '') return [];
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']): [string, string] => [key, text]);
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

/** Of all samples of that name whose labels are these. */
export function sumOf(samples: Samples, name: string, where: Readonly<Record<string, string>> = {}): number {
  const found = samples.filter((one) => one.name === name && Object.entries(where).every(([key, text]) => one.labels[key] === text));
  return found.reduce((sum, { value }) => sum + value, 0);
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION']);
const READS = new Set(['GET']);
const resources = ['facemodels', 'jobs', 'secrets', 'events'] as const;

/** Requests that the API server has answered. */
export interface Served {
  /** That change an object, by resource: facemodels, jobs, secrets, events. */
  readonly writes: Readonly<Record<string, number>>;
  /** Single objects that were got, by resource: neither lists nor watches. */
  readonly reads: Readonly<Record<string, number>>;
}

/** By the API server's own account, so that both sides are counted alike. It uses these resources for nothing of its own. */
export function servedBy(samples: Samples): Served {
  const requests = samples.filter(({ name }) => name === 'apiserver_request_total');
  const count = (resource: string, verbs: ReadonlySet<string>): number =>
    requests
      .filter(({ labels }) => labels['resource'] === resource && verbs.has(labels['verb'] ?? ''))
      .reduce((sum, { value }) => sum + value, 0);
  const byResource = (verbs: ReadonlySet<string>): Served['writes'] =>
    Object.fromEntries(resources.map((resource) => [resource, count(resource, verbs)]));
  return { writes: byResource(WRITES), reads: byResource(READS) };
}

export function servedBetween(before: Served, after: Served): Served {
  const less = (what: keyof Served): Served['writes'] =>
    Object.fromEntries(resources.map((resource) => [resource, (after[what][resource] ?? 0) - (before[what][resource] ?? 0)]));
  return { writes: less('writes'), reads: less('reads') };
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
