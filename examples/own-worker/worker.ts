// A worker of your own, in your own process: types from memory.config.ts and a model that reads ticket numbers by a rule.
import { fileURLToPath } from 'node:url';
import { type Extraction, type LanguageModel, loadConfig, MemoryManager } from '@memory-manager/memory-manager';
import { startWorkers } from '@memory-manager/memory-manager/worker';

const SENTENCE = /\b([A-Z]+-\d+) blocks ([A-Z]+-\d+)/g;

/** Every `A-1 blocks B-2` of a text is a fact. Nothing else is read, so that nothing has to be judged or summarised. */
const tickets: LanguageModel = {
  // Results are cached under this name: change it when the rule changes.
  id: 'tickets-1',
  readsPrevious: false,
  resolves: false,
  async extract({ content, referenceTime }): Promise<Extraction> {
    const found = [...content.matchAll(SENTENCE)].map(([fact, source = '', target = '']) => ({ fact, source, target }));
    const names = new Set(found.flatMap(({ source, target }) => [source, target]));
    return {
      entities: [...names].map((name) => ({
        name,
        type: 'Ticket',
        attributes: { project: name.split('-')[0] ?? '' },
      })),
      facts: found.map((ends) => ({ ...ends, relation: 'BLOCKS', validAt: referenceTime, invalidAt: null })),
      ended: [],
    };
  },
  resolve: async ({ entities, facts }) => ({
    entities: entities.map(() => null),
    facts: facts.map(() => ({ repeats: null, contradicts: [] })),
  }),
  summarize: async (subjects) => ({
    summaries: subjects.map(({ name, texts }) => ({ title: name, text: texts.join(' ').slice(0, 1_000) })),
  }),
  score: async (_, passages) => ({ scores: passages.map(() => 0.5) }),
  close: async () => {},
};

// A queue of its own, so that other workers leave these episodes alone.
process.env.MEMORY_QUEUE_PREFIX = '{example-tickets}';
process.env.MEMORY_CONFIG = fileURLToPath(new URL('memory.config.ts', import.meta.url));
// No port for /health and /metrics.
process.env.MEMORY_HEALTH_PORT = '0';

const worker = await startWorkers(loadConfig(), ['store'], { languageModel: tickets });
const memory = new MemoryManager({ group: 'example-tickets' });

const text = 'PAY-12 blocks WEB-7, and the release waits for both.';
await memory.waitFor(await memory.enqueueEpisode(text, { from: 'standup' }, { idempotencyKey: 'standup-1' }));

for (const { name, type, attributes } of await memory.getEntities('Ticket')) console.log(name, type, attributes);
console.log((await memory.search('WEB-7')).facts.map(({ relation, fact }) => `${relation}: ${fact}`));

await memory.close();
await worker.close();
