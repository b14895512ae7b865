// An agent's program that started dd-trace as its documentation says: stores once to warm up and once to be drawn.
import tracer from 'dd-trace';

tracer.init({ startupLogs: false });
const { MemoryManager } = await import('../../src/index.ts');

const memory = new MemoryManager();
for (const text of process.argv.slice(2))
  await tracer.trace('agent.turn', async () => memory.waitFor(await memory.enqueueEpisode(text)));
await memory.close();
