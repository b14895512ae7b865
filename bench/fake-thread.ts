/** The fake OpenAI server in a thread of its own, as a real one would be elsewhere; tells its address. */
import { parentPort, workerData } from 'node:worker_threads';
import { startFakeOpenAI } from '../test/support/fake-openai/index.ts';

const fake = await startFakeOpenAI({ knowledge: workerData as string });
// Nobody asks what the calls were, and they hold every text.
setInterval(() => fake.reset(), 1000).unref();
parentPort?.postMessage(fake.url);
