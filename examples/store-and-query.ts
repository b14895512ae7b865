// Store dated notes from a program, wait until they are in the graph, and ask what holds now and what held before.
import { MemoryManager } from '@memory-manager/memory-manager';

const memory = new MemoryManager({ group: 'example-notes' });

// A key makes the call repeatable: the same key in the same group is stored once, however often this program runs.
const receipts = await memory.enqueueEpisodes([
  { content: 'Harbor keeps its sessions in Redis 7.', referenceTime: new Date('2025-01-10'), idempotencyKey: 'note-1' },
  {
    content: 'Harbor moved its sessions from Redis 7 to Valkey 8.',
    referenceTime: new Date('2025-03-01'),
    idempotencyKey: 'note-2',
  },
]);
for (const receipt of receipts) await memory.waitFor(receipt);

const question = 'Where does Harbor keep its sessions?';
console.log(await memory.queryMemory(question, 1));
console.log(await memory.queryMemory(question, 1, { asOf: new Date('2025-02-01') }));

const { facts } = await memory.getHistory('Redis 7');
for (const { fact, validAt, invalidAt } of facts) console.log(fact, validAt, invalidAt);

await memory.close();
