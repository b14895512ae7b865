import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { record } from '../support/faults/results.ts';
import { useTestbed } from '../support/faults/testbed.ts';
import type { WorkerProcess } from '../support/faults/worker-process.ts';
import { until } from '../support/wait.ts';

const testbed = useTestbed();
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

type Store = 'valkey' | 'falkordb';

const WRONG: readonly { store?: Store; set: string; to: string; named: RegExp }[] = [
  { store: 'valkey', set: 'maxmemory-policy', to: 'allkeys-lru', named: /maxmemory-policy/ },
  { store: 'falkordb', set: 'maxmemory-policy', to: 'allkeys-lru', named: /maxmemory-policy/ },
  { store: 'valkey', set: 'appendonly', to: 'no', named: /appendonly/ },
  { store: 'falkordb', set: 'appendonly', to: 'no', named: /appendonly/ },
  { set: 'MEMORY_STALLED_LIMIT', to: '1', named: /MEMORY_STALLED_LIMIT/ },
];

test.each(WRONG)('3. $store $set=$to is rejected or reported at startup, by name', async (wrong) => {
  const began = Date.now();
  const environment = wrong.store ? {} : { [wrong.set]: wrong.to };
  if (wrong.store) await configure(testbed[wrong.store], wrong.set, wrong.to);

  const worker = testbed.scenario({ environment }).worker();
  undo.push(() => worker.kill());
  await until('the start or its refusal', () => worker.hasEnded() || /\bready\b/.test(worker.output()));

  expect(worker.output()).toMatch(wrong.named);
  record({
    row: 3,
    ran: `${wrong.store ?? 'worker'}: ${wrong.set} ${wrong.to}`,
    came: worker.hasEnded() ? 'refused' : 'warned',
    took: Date.now() - began,
  });
});

test('3. a configuration that meets the requirements is neither rejected nor reported', async () => {
  const worker: WorkerProcess = await testbed.scenario().worker().ready();

  for (const { named } of WRONG) expect(worker.output()).not.toMatch(named);
});

async function configure({ host, port }: { host: string; port: number }, name: string, value: string): Promise<void> {
  const connection = new Redis({ host, port });
  undo.push(async () => connection.disconnect());
  const [, before = ''] = (await connection.config('GET', name)) as string[];
  await connection.config('SET', name, value);
  undo.push(() => connection.config('SET', name, before));
}
