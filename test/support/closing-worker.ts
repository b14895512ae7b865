/** A program that waits for jobs, runs workers in its own process and closes everything at the first input line. It must then exit by itself. */
import { once } from 'node:events';
import { loadConfig } from '../../src/config.ts';
import { MemoryManager } from '../../src/memory.ts';
import { startWorkers } from '../../workers/main.ts';
import { plainEmbedder, plainModel } from './models.ts';

const running = await startWorkers(loadConfig(), ['store', 'export'], {
  languageModel: plainModel(),
  embedder: plainEmbedder(),
});
const memory = new MemoryManager(loadConfig());
await memory.connect('store');
process.stdout.write('ready');
await once(process.stdin, 'data');
await memory.close();
await running.close();
process.stdout.write('closed');
process.stdin.destroy();
