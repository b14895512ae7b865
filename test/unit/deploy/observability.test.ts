import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { COUNTERS, DISTRIBUTIONS, GAUGES, openPrometheus } from '../../../src/telemetry/prometheus.ts';
import { readYaml } from '../../support/yaml.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const file = (name: string) => readFileSync(`${ROOT}${name}`, 'utf8');
const inPack = (name: string) => file(`deploy/observability/${name}`);

type Kind = 'counter' | 'gauge' | 'distribution';
interface Metric {
  readonly kind: Kind;
  readonly labels: readonly string[];
}

/** Our own metrics, by the name that Datadog shows. */
const own = new Map<string, Metric>();
for (const [kind, metrics] of [
  ['counter', COUNTERS],
  ['gauge', GAUGES],
  ['distribution', DISTRIBUTIONS],
] as const)
  for (const [name, { labels = [] }] of Object.entries(metrics)) own.set(name, { kind, labels });

/** Of the metrics of the process, which prom-client adds, the dashboard shows these; the others help developers only. */
const OF_PROCESS = [
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'nodejs_eventloop_lag_p99_seconds',
] as const;

/** Every series of `/metrics` that a query may name, and Prometheus' own `up`. */
const series = new Map<string, Metric>([['up', { kind: 'gauge', labels: [] }]]);
for (const [name, metric] of own) {
  const known = name.replaceAll('.', '_');
  if (metric.kind !== 'distribution') series.set(known, metric);
  else
    for (const part of ['_bucket', '_sum', '_count'])
      series.set(known + part, { kind: 'counter', labels: [...metric.labels, ...(part === '_bucket' ? ['le'] : [])] });
}
for (const [name, metric] of [...seriesIn(await bullmqText()), ...seriesIn(await openPrometheus().text())])
  if (!series.has(name)) series.set(name, metric);

/** BullMQ's own text for a queue, without a server. */
async function bullmqText(): Promise<string> {
  const queue = {
    name: 'store',
    getJobCounts: async () => ({ waiting: 0, active: 0 }),
    getMetrics: async () => ({ meta: { count: 0 } }),
  };
  return Queue.prototype.exportPrometheusMetrics.call(queue as unknown as Queue);
}

function seriesIn(text: string): [string, Metric][] {
  return [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type]) => {
    const [, labels = ''] = new RegExp(`^${name}\\{(.*)\\} `, 'm').exec(text) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
    return [name, { kind: type === 'counter' ? 'counter' : 'gauge', labels: names }];
  });
}

/** All values of a member of this name, however deep. */
function valuesOf(name: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === name && typeof inner === 'string' ? [inner] : valuesOf(name, inner),
  );
}

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
interface Monitor {
  readonly name: string;
  readonly query: string;
  readonly message: string;
}

const alerts = (
  readYaml(inPack('prometheus/alerts.yml')) as unknown as { groups: { rules: Alert[] }[] }
).groups.flatMap(({ rules }) => rules);
const grafana = JSON.parse(inPack('grafana/memory-manager.json'));
const monitors: Monitor[] = JSON.parse(inPack('datadog/monitors.json'));
const panels = valuesOf('expr', grafana);
const promql = [...panels, ...alerts.map(({ expr }) => expr)];
const datadogPanels = valuesOf('query', JSON.parse(inPack('datadog/dashboard.json')));
const datadog = [...datadogPanels, ...monitors.map(({ query }) => query)];

const sources = ['src', 'workers'].flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|js)$/.test(name))
    .map((name) => file(`${folder}/${name}`)),
);
/** The values of labels that queries may choose. Each is written in the code. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  server: ['valkey', 'falkordb'],
  queue: ['store', 'export'],
  state: ['waiting', 'active', 'delayed', 'failed', 'completed'],
  fate: ['waits', 'retried', 'given up'],
  outcome: ['ok', 'failed', 'refused', 'late', 'whole'],
};
/** A value of a label that the code sets, or the one of `prometheus.yml`. */
const isValue = (label: string, value: string) =>
  label === 'job' ? value === 'memory-manager' : VALUES[label]?.includes(value);

test.each(Object.values(VALUES).flat())('the code writes the value %s', (value) => {
  const isWritten = (source: string) => source.includes(`'${value}'`) || source.includes(` ${value}:`);

  expect(sources.some(isWritten)).toBe(true);
});

/** Names of series with the labels that select them: `name{label="value"}`. */
const selectorsIn = (query: string) =>
  [...query.matchAll(/\b((?:opencode_memory|bullmq|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => ({
      name,
      matchers: [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = '', value = '']) => ({
        label,
        values: value.split('|'),
      })),
    }),
  );
/** Labels that Prometheus adds to every series. */
const OF_PROMETHEUS = ['job', 'instance'];

describe('Prometheus and Grafana', () => {
  test.each(promql)('every series, label and value of %s exists', (query) => {
    const selectors = selectorsIn(query);
    const labels = selectors.flatMap(({ name }) => series.get(name)?.labels ?? []);
    const grouped = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));

    expect(selectors).not.toEqual([]);
    for (const { name, matchers } of selectors) {
      const known = series.get(name);
      expect(known, name).toBeDefined();
      for (const { label, values } of matchers) {
        expect([...(known?.labels ?? []), ...OF_PROMETHEUS], name).toContain(label);
        expect(values.filter((value) => !isValue(label, value))).toEqual([]);
      }
    }
    expect(grouped.filter((label) => ![...labels, ...OF_PROMETHEUS].includes(label))).toEqual([]);
  });

  test.each(promql)('only counters are used with rate() in %s', (query) => {
    const rated = [...query.matchAll(/\b(?:rate|increase)\((\w+)/g)].map(([, name = '']) => name);

    expect(rated.filter((name) => series.get(name)?.kind !== 'counter')).toEqual([]);
  });

  test.each(panels)('every counter is used with rate() in %s', (query) => {
    const rest = query.replace(/\b(?:rate|increase)\(\w+/g, '');

    expect(selectorsIn(rest).filter(({ name }) => series.get(name)?.kind === 'counter')).toEqual([]);
  });

  test('the dashboard shows every metric of ours and of the queues, and the important process metrics', () => {
    const shown = panels.flatMap(selectorsIn).map(({ name }) => name);
    const parts = ['', '_bucket', '_sum', '_count'];
    const ours = [...own.keys()].map((name) => name.replaceAll('.', '_'));
    const ofQueues = [...series.keys()].filter((name) => name.startsWith('bullmq_'));

    expect(ofQueues.length).toBe(3);
    expect([...ours, ...ofQueues].filter((name) => !parts.some((part) => shown.includes(name + part)))).toEqual([]);
    expect(shown.filter((name) => /^(?:process|nodejs)_/.test(name)).sort()).toEqual([...OF_PROCESS].sort());
  });

  test('legends and summaries use labels of their query', () => {
    const targets = grafana.panels.flatMap(({ targets = [] }: { targets?: object[] }) => targets);
    const texts: { expr: string; text: string }[] = [
      ...targets.map(({ expr, legendFormat }: { expr: string; legendFormat: string }) => ({
        expr,
        text: legendFormat,
      })),
      ...alerts.map(({ expr, annotations }) => ({ expr, text: annotations.summary })),
    ];
    const unknown = texts.flatMap(({ expr, text }) =>
      [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)]
        .map(([, label = '']) => label)
        .filter((label) => !expr.includes(label) && label !== 'instance')
        .map((label) => `${label} in ${text}`),
    );

    expect(texts.length).toBeGreaterThan(40);
    expect(unknown).toEqual([]);
  });
});

describe('Datadog', () => {
  test.each(datadog)('every metric, tag and value of %s exists', (query) => {
    const used = [
      ...query.matchAll(/(\w+):(opencode\.memory[\w.]+?)\{([^}]*)\}(?: by \{([^}]*)\})?(\.as_count\(\))?/g),
    ];

    expect(used).not.toEqual([]);
    for (const [, aggregation = '', name = '', filters = '', grouped = '', isCount] of used) {
      const metric = own.get(name);
      expect(metric, name).toBeDefined();
      expect(isCount !== undefined, `${name} is a count`).toBe(metric?.kind === 'counter');
      // Percentiles of a distribution exist only after they have been enabled.
      expect(['sum', 'max', 'min', 'avg']).toContain(aggregation);
      for (const filter of filters.split(',').filter((text) => text !== '*' && text !== '$env')) {
        const [label = '', value = ''] = filter.replace('!', '').split(':');
        expect(metric?.labels, name).toContain(label);
        // Datadog writes an underscore for a space in a tag.
        expect(isValue(label, value.replaceAll('_', ' ')), value).toBe(true);
      }
      expect(grouped.split(',').filter((label) => label !== '' && !metric?.labels.includes(label))).toEqual([]);
    }
  });

  test('the dashboard shows every metric of ours', () => {
    const shown = datadogPanels.flatMap((query) => query.match(/opencode\.memory[\w.]+(?=\{)/g) ?? []);

    expect([...own.keys()].filter((name) => !shown.includes(name))).toEqual([]);
  });
});

describe('the runbook', () => {
  const headings = [...file('docs/runbook.md').matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(' ', '-'),
  );
  const anchorIn = (text: string) => /docs\/runbook\.md#([\w-]+)$/.exec(text)?.[1];

  test('has a section for every alert and every monitor', () => {
    const texts = [...alerts.map(({ annotations }) => annotations.runbook), ...monitors.map(({ message }) => message)];

    expect(alerts.length).toBeGreaterThan(10);
    expect(texts.filter((text) => !headings.includes(anchorIn(text) ?? ''))).toEqual([]);
  });

  test('has no section without an alert', () => {
    const reached = alerts.map(({ annotations }) => anchorIn(annotations.runbook));

    expect(headings.filter((heading) => !reached.includes(heading))).toEqual([]);
  });
});

test('Prometheus scrapes the Compose workers at their port, and Grafana finds Prometheus and the dashboard', () => {
  const compose = file('docker-compose.yml');
  const { scrape_configs: jobs } = readYaml(inPack('prometheus/prometheus.yml')) as unknown as {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: string }[] }[];
  };
  const { datasources } = readYaml(inPack('grafana/provisioning/datasources/memory-manager.yml')) as unknown as {
    datasources: { url: string }[];
  };
  const { providers } = readYaml(inPack('grafana/provisioning/dashboards/memory-manager.yml')) as unknown as {
    providers: { options: { path: string } }[];
  };

  expect(jobs).toMatchObject([{ job_name: 'memory-manager', dns_sd_configs: [{ names: ['worker'], port: '9464' }] }]);
  expect(compose).toContain('MEMORY_HEALTH_PORT: "9464"');
  expect(datasources[0]?.url).toBe('http://prometheus:9090');
  expect(compose).toContain(`./deploy/observability/grafana/memory-manager.json:${providers[0]?.options.path}/`);
});
