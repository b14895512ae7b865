import { expect, test } from 'vitest';
import { combineMetrics, countingMetrics, type Metrics } from '../../../src/telemetry/metrics.ts';
import { openPrometheus } from '../../../src/telemetry/prometheus.ts';

test('every value reaches each backend, even when one throws', () => {
  const throwing: Metrics = {
    increment() {
      throw new Error('no network');
    },
  };
  const [first, last] = [countingMetrics(), countingMetrics()];
  const metrics = combineMetrics(first, throwing, undefined, last);

  metrics.increment('opencode.memory.cache_hit', { group: 'a' });
  metrics.increment('opencode.memory.model.tokens', {}, 41);
  metrics.record?.('opencode.memory.stage', 5, { stage: 'write' });

  expect([first, last].map((it) => it.count('opencode.memory.cache_hit'))).toEqual([1, 1]);
  expect(last.count('opencode.memory.model.tokens')).toBe(41);
});

test('Prometheus exports counters, gauges, stages and process metrics', async () => {
  const prometheus = openPrometheus();

  prometheus.increment('opencode.memory.cache_hit', { group: 'a' });
  prometheus.increment('opencode.memory.model.cost', { model: 'gpt-4.1' }, 0.25);
  prometheus.gauge?.('opencode.memory.queue.jobs', 7, { queue: 'store', state: 'waiting' });
  prometheus.record?.('opencode.memory.stage', 30, { stage: 'write' });

  const text = await prometheus.text();
  expect(text).toContain('opencode_memory_cache_hit{group="a"} 1\n');
  expect(text).toContain('opencode_memory_model_cost{model="gpt-4.1"} 0.25\n');
  expect(text).toContain('opencode_memory_queue_jobs{queue="store",state="waiting"} 7\n');
  expect(text).toContain('opencode_memory_stage_bucket{le="50",stage="write"} 1\n');
  expect(text).toContain('process_resident_memory_bytes');
  expect(prometheus.contentType).toContain('text/plain');
});

test('a gauge has no value until it is set', async () => {
  const prometheus = openPrometheus();
  const values = async () =>
    (await prometheus.text()).match(/^opencode_memory_(?:budget|last_commit|archive_verified)\S* .*$/gm);
  expect(await values()).toBeNull();

  prometheus.gauge?.('opencode.memory.budget.limit', 0);

  expect(await values()).toEqual(['opencode_memory_budget_limit 0']);
});

test('an unknown label is left out', async () => {
  const prometheus = openPrometheus();

  prometheus.increment('opencode.memory.cache_hit', { group: 'a', question: 'secret' });

  expect(await prometheus.text()).toContain('opencode_memory_cache_hit{group="a"} 1\n');
});

test('two registries do not count for each other', async () => {
  const [one, other] = [openPrometheus(), openPrometheus()];

  one.increment('opencode.memory.spool.drained');

  expect(await one.text()).toContain('opencode_memory_spool_drained 1\n');
  expect(await other.text()).toContain('opencode_memory_spool_drained 0\n');
});
