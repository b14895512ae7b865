import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { superviseWorker } from '../scripts/demo/supervised-worker.ts';
import type { Config } from '../src/config.ts';
import { MemoryManager } from '../src/index.ts';
import { recallSections as recallFrom } from '../src/memory/recall.ts';
import { openServices } from '../src/memory/services.ts';
import { SECOND } from '../src/time.ts';
import { compare } from './measure.ts';
import { asFactor, inMilliseconds, type Row } from './table.ts';
import { storeHistory } from './tasks/seed.ts';
import { TASKS } from './tasks/tasks.ts';

/**
 * Recall for a prompt by words and by meaning, as in the plugin: a worker in a separate process embeds the prompt. For comparison, a
 * plain query in this process with its model loaded. Each prompt is new, so that no cache helps, and recall has no timeout: the
 * plugin would continue after 130 ms.
 */
export async function measureRecall(base: Config): Promise<Row[]> {
  const home = mkdtempSync(join(tmpdir(), 'memory-recall-'));
  const group = `recall-${randomUUID().slice(0, 8)}`;
  const config: Config = { ...base, home, group, queuePrefix: `{${group}}`, nightly: undefined, logLevel: 'silent' };
  const worker = superviseWorker(environmentOf(config), () => {});
  const [memory, services] = [new MemoryManager(config), openServices(config, {})];
  const outcomes = new Map<string, number>();
  let count = 0;
  const prompt = () => {
    count += 1;
    return `${TASKS[count % TASKS.length]?.prompt} (${count})`;
  };
  const recall = async () => {
    const options = { limit: 8, timeoutMs: 5 * SECOND, own: new Set<string>(), known: new Set<string>() };
    const { outcome } = await recallFrom(services, group, prompt(), options);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };
  try {
    await storeHistory(memory, group);
    const [ours, query] = await compare(100, recall, () => memory.queryMemory(prompt(), 5, { cache: false }));
    const outcomeCounts = [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(', ');
    return [
      {
        figure: 'recall of a prompt, which a worker embeds, ratio to an uncached `query`',
        measured: `p50 ${inMilliseconds(ours.p50)} = ${asFactor(ours.p50 / query.p50)}, p99 ${inMilliseconds(ours.p99)} (${outcomeCounts})`,
        goal: 'p99 ≤ 150 ms',
        reached: ours.p99 <= 150,
      },
    ];
  } finally {
    await services.close();
    await memory.close();
    await worker.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

function environmentOf({ falkordb, valkey, group, queuePrefix, home }: Config): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...{ FALKORDB_HOST: falkordb.host, FALKORDB_PORT: String(falkordb.port) },
    ...{ VALKEY_HOST: valkey.host, VALKEY_PORT: String(valkey.port) },
    ...{ MEMORY_MODELS: 'local', MEMORY_GROUP: group, MEMORY_QUEUE_PREFIX: queuePrefix, MEMORY_HOME: home },
    ...{ MEMORY_EXPORT_DIR: join(home, 'exports'), MEMORY_HEALTH_PORT: '0' },
  };
}
