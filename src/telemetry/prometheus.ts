import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { CounterName, DistributionName, GaugeName, Metrics, MetricTags } from './metrics.ts';

/** Metrics of this process in Prometheus' format. */
export interface Prometheus extends Metrics {
  /** All metrics since the start, and memory, processor and event loop of the process. */
  text(): Promise<string>;
  readonly contentType: string;
}

interface Description {
  readonly help: string;
  readonly labels?: readonly string[];
}

// Prometheus needs a metric's labels before its first value.
export const COUNTERS: Readonly<Record<CounterName, Description>> = {
  'opencode.memory.cache_hit': { help: 'Answers from the cache', labels: ['group', 'ask'] },
  'opencode.memory.cache_miss': { help: 'Answers from the graph', labels: ['group', 'ask'] },
  'opencode.memory.model.calls': { help: 'Calls of models', labels: ['model', 'purpose', 'outcome'] },
  'opencode.memory.model.tokens': { help: 'Tokens of models', labels: ['model', 'purpose', 'kind'] },
  'opencode.memory.model.cost': { help: 'Dollars spent on models', labels: ['model'] },
  'opencode.memory.model.rows_dropped': {
    help: 'Unreadable rows of replies that were left out',
    labels: ['model', 'purpose'],
  },
  'opencode.memory.model.texts_skipped': {
    help: 'Texts without a vector because the embedder always fails on them',
    labels: ['model'],
  },
  'opencode.memory.recall': { help: 'Recalls for prompts of agents', labels: ['outcome'] },
  'opencode.memory.memo.hit': { help: 'Model calls saved by a cached result', labels: ['stage'] },
  'opencode.memory.memo.miss': { help: 'Model calls without a cached result', labels: ['stage'] },
  'opencode.memory.episodes.committed': { help: 'Episodes committed to a graph' },
  'opencode.memory.episodes.expired': { help: 'Episodes removed because they had expired', labels: ['group'] },
  'opencode.memory.reembed.texts': { help: 'Texts embedded again for another embedder' },
  // `fate` is the failure policy; dashboards store the label's name and values.
  'opencode.memory.jobs.failed': { help: 'Failed attempts of jobs', labels: ['queue', 'fate'] },
  'opencode.memory.spool.drained': { help: 'Episodes moved from the spool to the queue' },
  'opencode.memory.schedule.ticks': { help: 'Nightly runs that this worker started' },
  'opencode.memory.indexes.renewed': {
    help: 'Vector indexes with many stale entries that were rebuilt',
    labels: ['label'],
  },
  'opencode.memory.journal.replayed': { help: 'Lost changes of graphs that were replayed from the journal' },
  'opencode.memory.archive.drills': { help: 'Restore tests of nightly archives', labels: ['outcome'] },
  'opencode.memory.archive.bytes': { help: 'Bytes written to the store of archives' },
  'opencode.memory.archive.retries': { help: 'Repeated uploads of archives' },
  'opencode.memory.archive.problems': { help: 'Differences found in archives', labels: ['step'] },
};

export const DISTRIBUTIONS: Readonly<Record<DistributionName, Description & { readonly buckets: number[] }>> = {
  'opencode.memory.stage': {
    help: 'Duration of a stage in milliseconds',
    labels: ['stage'],
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000],
  },
  'opencode.memory.commit.episodes': { help: 'Episodes in a commit', buckets: [1, 2, 4, 8, 16, 32] },
  'opencode.memory.archive.duration': {
    help: 'Duration of a step of archive work in milliseconds',
    labels: ['step', 'outcome'],
    buckets: [10, 100, 1000, 5000, 15_000, 60_000, 300_000, 900_000, 3_600_000],
  },
};

export const GAUGES: Readonly<Record<GaugeName, Description>> = {
  'opencode.memory.server.up': { help: '1 while the server answers, otherwise 0', labels: ['server'] },
  'opencode.memory.queue.jobs': { help: 'Jobs', labels: ['queue', 'state'] },
  'opencode.memory.queue.oldest_waiting': { help: 'Seconds that the oldest waiting job has waited', labels: ['queue'] },
  'opencode.memory.last_commit_age': { help: 'Seconds since the last commit' },
  'opencode.memory.spool.episodes': { help: 'Episodes in the spool' },
  'opencode.memory.agent.outcomes': {
    help: "Captures and recalls of this machine's agents in the last hour",
    labels: ['host', 'work', 'outcome'],
  },
  'opencode.memory.graphs.lost': { help: 'Memories whose graph lacks changes that it had applied' },
  'opencode.memory.archive.verified_age': {
    help: 'Seconds since the last successful restore test, of the memory whose last test is oldest',
  },
  'opencode.memory.budget.spent': { help: 'Dollars spent on models today (UTC)' },
  'opencode.memory.budget.limit': { help: 'Dollars that may be spent on models in a day' },
  'opencode.memory.model.breaker': { help: '0 closed, 1 half open, 2 open', labels: ['model'] },
};

/** Each instance has its own metrics, so that several workers in one process do not share counts. */
export function openPrometheus(): Prometheus {
  const registers = [new Registry()] as const;
  const [registry] = registers;
  const counter = recorder(COUNTERS, (shape) => new Counter({ ...shape, registers: [...registers] }));
  const gauge = recorder(GAUGES, (shape) => {
    const made = new Gauge({ ...shape, registers: [...registers] });
    // prom-client starts a gauge without labels at 0, which would mean a budget of nothing, or a commit just now.
    if (shape.labelNames.length === 0) made.remove();
    return made;
  });
  const histogram = recorder(DISTRIBUTIONS, (shape) => new Histogram({ ...shape, registers: [...registers] }));
  let watched = false;

  return {
    increment: (name, tags, by = 1) =>
      counter(name, (metric, description) => metric.inc(knownLabels(description, tags), by)),
    record: (name, value, tags) =>
      histogram(name, (metric, description) => metric.observe(knownLabels(description, tags), value)),
    gauge: (name, value, tags) =>
      gauge(name, (metric, description) => metric.set(knownLabels(description, tags), value)),
    contentType: registry.contentType,
    async text() {
      // Measuring the event loop costs a little, so it starts with the first request.
      if (!watched) collectDefaultMetrics({ register: registry });
      watched = true;
      return registry.metrics();
    },
  };
}

function recorder<Name extends string, Kind extends Description, Made extends Metric>(
  kinds: Readonly<Record<Name, Kind>>,
  make: (shape: Kind & { name: string; labelNames: string[] }) => Made,
): (name: Name, record: (metric: Made, description: Description) => void) => void {
  const metrics = new Map<string, Made>();
  for (const [name, about] of Object.entries(kinds) as [Name, Kind][])
    metrics.set(name, make({ ...about, name: name.replaceAll('.', '_'), labelNames: [...(about.labels ?? [])] }));
  return (name, record) => {
    const metric = metrics.get(name);
    if (metric) record(metric, kinds[name]);
  };
}

/** An undeclared label would throw. */
function knownLabels({ labels = [] }: Description, tags: MetricTags = {}): Record<string, string> {
  return Object.fromEntries(labels.filter((label) => label in tags).map((label) => [label, tags[label] ?? '']));
}
