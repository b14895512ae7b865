/** The fake OpenAI server in a separate thread, since a real one would run elsewhere; posts its address. */
import { parentPort, workerData } from 'node:worker_threads';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';

const fake = await startFakeOpenAI({ knowledge: workerData as string });
// The recorded calls are not used and would keep every text in memory.
setInterval(() => fake.reset(), 1000).unref();
parentPort?.postMessage(fake.url);
