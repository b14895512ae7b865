// A program that started dd-trace as its documentation says, and uses the memory in a span of its own.
import tracer from 'dd-trace';

tracer.init({ startupLogs: false });
const { MemoryManager } = await import('../../../src/index.ts');

const memory = new MemoryManager();
await tracer.trace('shop.order', async () => {
  await memory.storeEpisode('Harbor uses Valkey 8.');
  await memory.queryMemory('Harbor');
  await memory.getHistory('').catch(() => {});
});
await memory.close();
