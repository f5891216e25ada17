import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { checkout } from '../support/documents.js';
import { exportedSeries, type KnownSeries } from '../support/documented-metrics.js';
import { parseQuery, type Matcher } from '../support/promql.js';

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface Query {
  readonly where: string;
  readonly expr: string;
  /** Text with labels of the result in it. */
  readonly told: readonly string[];
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const read = (path: string): Promise<string> => readFile(join(checkout, path), 'utf8');
const { groups } = parse(await read('charts/facehash/files/alerts.yaml')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
};
const dashboard = JSON.parse(await read('charts/facehash/files/dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr?: string; readonly name: string }[] };
};
const runbooks = await read('docs/runbooks.md');
const pages = [
  ...[
    'docs/runbooks.md',
    'docs/operate.md',
    'docs/metrics.md',
    'deploy/README.md',
    'deploy/monitoring/README.md',
    'deploy/examples/README.md',
  ],
  ...['argo-cd', 'kueue', 'gpu-node-pool'].map((folder) => `deploy/examples/${folder}/README.md`),
];
const ours = await exportedSeries();

const KUBE_STATE_METRICS = 'facehash.kube-state-metrics';
/** Of kube-state-metrics' own documentation: what rules of that group may use beside ours. */
const ofKubeStateMetrics: KnownSeries = new Map([
  ['kube_deployment_spec_replicas', new Set(['deployment'])],
  ['kube_deployment_status_replicas_available', new Set(['deployment'])],
  ['kube_pod_container_status_restarts_total', new Set(['pod', 'uid', 'container'])],
  ['kube_pod_container_status_last_terminated_reason', new Set(['pod', 'uid', 'container', 'reason'])],
  ['kube_horizontalpodautoscaler_status_current_replicas', new Set(['horizontalpodautoscaler'])],
  ['kube_horizontalpodautoscaler_spec_max_replicas', new Set(['horizontalpodautoscaler'])],
]);
/** What Prometheus or its operator adds to every series; `serving` the chart's PodMonitor. */
const ofScrapes = new Set(['namespace', 'job', 'instance', 'pod', 'service', 'container', 'endpoint', 'serving']);

const alerts = groups.flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, group: name })));
const queriesOfAlerts = alerts.map(({ alert, expr, annotations }): Query => ({
  where: alert,
  expr,
  told: [...`${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
}));
const queriesOfDashboard = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }): Query => ({
    where: title,
    expr: withoutVariables(expr),
    told: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
  })),
);
const annotated = dashboard.annotations.list.flatMap(({ name, expr }): Query[] =>
  expr === undefined ? [] : [{ where: name, expr: withoutVariables(expr), told: [] }],
);
const queries = [...queriesOfAlerts, ...queriesOfDashboard, ...annotated];

function withoutVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m');
}

function knownTo(where: string): KnownSeries {
  const group = alerts.find(({ alert }) => alert === where)?.group;
  return group === KUBE_STATE_METRICS ? new Map([...ours, ...ofKubeStateMetrics]) : ours;
}

/** Of some metrics together, and of every scrape. */
function labelsOf(metrics: readonly string[], known: KnownSeries): ReadonlySet<string> {
  return new Set([...ofScrapes, ...metrics.flatMap((metric) => [...(known.get(metric) ?? [])])]);
}

describe('each query of the alerts and of the dashboard', () => {
  it.each(queries)('is well-formed: $where', ({ expr }) => {
    expect(parseQuery(expr).selectors.length).toBeGreaterThan(0);
  });

  it.each(queries)('asks for what the programs export, by labels that it has: $where', ({ where, expr }) => {
    const known = knownTo(where);
    const { selectors, groupings } = parseQuery(expr);
    const unknown = selectors.flatMap(({ metric, matchers }) => {
      const labels = labelsOf([metric], known);
      const wrong = matchers.filter(({ label }) => !labels.has(label)).map(({ label }) => `${metric}{${label}}`);
      return known.has(metric) ? wrong : [metric];
    });
    const wrongGroupings = groupings
      .filter(({ label, metrics }) => !labelsOf(metrics, known).has(label))
      .map(({ label }) => `by (${label})`);
    expect([...unknown, ...wrongGroupings]).toEqual([]);
  });

  it.each(queries)('tells of labels that its result has: $where', ({ where, expr, told }) => {
    const { selectors, resultLabels } = parseQuery(expr);
    const all = labelsOf(
      selectors.map(({ metric }) => metric),
      knownTo(where),
    );
    expect(told.filter((label) => !(resultLabels ?? all).has(label))).toEqual([]);
  });

  it('names only values of labels that there are', async () => {
    const matchers = queries.flatMap(({ expr }) => parseQuery(expr).selectors.flatMap((selector) => selector.matchers));
    const documents = await Promise.all(['docs/metrics.md', 'docs/facemodel.md'].map(read));
    const { paths } = JSON.parse(await read('services/inference/openapi.json')) as { readonly paths: Readonly<Record<string, unknown>> };
    const values = matchers.flatMap((matcher) => valuesOf(matcher, Object.keys(paths)));
    expect(values).toContain('recognition');
    expect(values.filter((value) => !documents.some((text) => text.includes(`\`${value}\``)))).toEqual([]);
  });
});

const ofKubernetes = new Set(['namespace', 'deployment', 'container', 'horizontalpodautoscaler']);

/** The values that a matcher names in so many words; of a route those that are none of the API. */
function valuesOf({ label, operator, value }: Matcher, routes: readonly string[]): readonly string[] {
  if (ofKubernetes.has(label) || label === 'code' || label === 'method' || value === 'OOMKilled') return [];
  const plain = value.replaceAll(/\[([{}])\]/g, '$1').split('|');
  if (label === 'route') return operator === '!~' ? [] : plain.filter((route) => !routes.includes(route));
  return plain.filter((one) => /^\w+$/.test(one) && !/^\d/.test(one));
}

describe('the queries of docs/metrics.md', () => {
  it('are well-formed and about what is exported', async () => {
    const texts = [...(await read('docs/metrics.md')).matchAll(/^\|[^|]+\?\s+\| `((?:[^`\\]|\\.)+)`/gm)].map(([, text = '']) => text);
    expect(texts.length).toBeGreaterThan(8);
    const metrics = texts.flatMap((text) => parseQuery(text.replaceAll('\\|', '|')).selectors.map(({ metric }) => metric));
    expect(metrics.filter((metric) => !ours.has(metric))).toEqual([]);
  });
});

describe('each alert', () => {
  it('has a name of its own', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    expect(alerts.length).toBeGreaterThan(20);
  });

  it.each(alerts)('says how urgent it is, what is, and where to read on: $alert', ({ alert, labels, annotations }) => {
    expect(alert).toMatch(/^FaceHash[A-Z]\w+$/);
    expect(['critical', 'warning', 'info']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/^[A-Z].*[^.]$/);
    expect(annotations.description).toMatch(/\.$/);
    expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`);
  });

  it('needs kube-state-metrics where it says so, and nowhere else', () => {
    for (const { expr, group } of alerts) {
      const foreign = parseQuery(expr).selectors.some(({ metric }) => ofKubeStateMetrics.has(metric));
      expect(foreign).toBe(group === KUBE_STATE_METRICS);
    }
  });

  it('has a runbook, and each runbook an alert', () => {
    const headings = [...runbooks.matchAll(/^### (FaceHash\w+)$/gm)].map(([, heading]) => heading);
    expect([...headings].sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it.each(alerts)('has a runbook that says what is noticed, where to look, what to do and when it is over: $alert', ({ alert }) => {
    const [, section = ''] = runbooks.split(`### ${alert}\n`);
    const [text = ''] = section.split(/^##/m);
    expect([...text.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part)).toEqual(['Noticed', 'Look', 'Do', 'Over']);
  });
});

describe('a command in the pages about operation', () => {
  it('reads all lines of the pods that it chooses by a label, of which kubectl shows ten by itself', async () => {
    const texts = await Promise.all(pages.map(read));
    const commands = texts.flatMap((text) => text.match(/kubectl logs [^|`\n]*-l [^|`\n]*/g) ?? []);
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((command) => !/ --tail=/.test(command))).toEqual([]);
  });
});

describe('a link in the pages about operation', () => {
  it.each(pages)('leads to a section that is there: %s', async (page) => {
    const links = [...(await read(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    const broken = [];
    for (const [, path = '', section] of links) {
      const target = path === '' ? page : join(dirname(page), path);
      const there = section === undefined ? await exists(target) : (await anchorsOf(target)).has(section);
      if (!there) broken.push(`${path}#${section ?? ''}`);
    }
    expect(broken).toEqual([]);
  });
});

async function exists(path: string): Promise<boolean> {
  return stat(join(checkout, path)).then(
    () => true,
    () => false,
  );
}

/** As GitHub names the headings of a page. */
async function anchorsOf(page: string): Promise<ReadonlySet<string>> {
  const text = await read(page).catch(() => '');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('the dashboard', () => {
  it('says of each panel what it shows', () => {
    const silent = dashboard.panels.filter(({ type, description = '' }) => type !== 'row' && description.length < 20);
    expect(silent.map(({ title }) => title)).toEqual([]);
  });

  it('shows only the namespace that was chosen', () => {
    const elsewhere = queriesOfDashboard.filter(({ expr }) => !expr.includes('namespace="$namespace"'));
    expect(elsewhere.map(({ where }) => where)).toEqual([]);
  });

  it('reads everything from the data source that was chosen', async () => {
    const sources = [...(await read('charts/facehash/files/dashboard.json')).matchAll(/"uid": "([^"]+)"/g)].map(([, uid]) => uid);
    expect(new Set(sources)).toEqual(new Set(['facehash', '${datasource}', '-- Grafana --']));
  });
});

describe('what these tests look with', () => {
  it.each([
    ['brackets that do not match', 'sum(rate(a_total[5m])'],
    ['a function that there is not', 'ratee(a_total[5m])'],
    ['a rate of what has no time', 'sum(rate(a_total))'],
    ['half a matcher', 'a_total{b=}'],
    ['a variable that nobody replaces', 'rate(a_total[$interval])'],
    ['two expressions', 'a_total b_total'],
  ])('refuses %s', (_, query) => {
    expect(() => parseQuery(query)).toThrow(/not well-formed|needs a time/);
  });

  it('finds metrics, labels and what comes out', () => {
    const query = 'sum by (job, le) (rate(a_bucket{lane="x",reason=~"c|d"}[5m])) / on (job) group_left () max by (job) (b) > 0.1';
    expect(parseQuery(query)).toEqual({
      selectors: [
        {
          metric: 'a_bucket',
          matchers: [
            { label: 'lane', operator: '=', value: 'x' },
            { label: 'reason', operator: '=~', value: 'c|d' },
          ],
        },
        { metric: 'b', matchers: [] },
      ],
      groupings: [
        { label: 'job', metrics: ['a_bucket'] },
        { label: 'le', metrics: ['a_bucket'] },
        { label: 'job', metrics: ['a_bucket', 'b'] },
        { label: 'job', metrics: ['b'] },
      ],
      resultLabels: new Set(['job', 'le']),
    });
  });

  it('knows every series of a histogram', () => {
    expect(ours.get('facehash_http_request_duration_seconds_bucket')).toEqual(new Set(['method', 'route', 'status', 'le']));
    expect(ours.has('facehash_http_request_duration_seconds')).toBe(false);
    expect(ours.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  });
});
