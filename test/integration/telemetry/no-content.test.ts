import { expect, test } from 'vitest';
import { run, startWorker, useWatched } from './watched.ts';

const watched = useWatched();
const CANARY = 'Xanthippe-canary';

test('no content, key or metadata appears in a span, a metric or the log', async () => {
  const environment = { ...watched.environment(), OPENAI_API_KEY: `sk-${CANARY}` };
  const worker = await startWorker(environment);
  const story = `${CANARY} [Person] WORKS_ON Harbor [Project]: ${CANARY} works on Harbor.`;
  const metadata = JSON.stringify({ [CANARY]: CANARY });
  const store = (...more: string[]) => run(environment, 'store', story, metadata, ...more);

  await store('--key', CANARY, '--saga', CANARY, '--source-description', CANARY);
  // A model server quotes its input; none of these reports may contain that quote.
  watched.openai.fail('unknown-model', 'prose', 'wrong-types');
  await store();
  watched.openai.fail({ kind: 'refused', status: 400, message: CANARY });
  await store();
  watched.openai.fail('filtered-prompt');
  await run(environment, 'store', `Once more: ${story}`, '--no-wait');
  await run(environment, 'query', CANARY);
  await run(environment, 'history', CANARY);
  await run(environment, 'entities', 'Person');
  await run(environment, 'fact', CANARY, 'KNOWS', 'Harbor', `${CANARY} knows Harbor.`);

  expect(await worker.stop()).toBe(0);
  const sent = watched.agent.bodies.map((body) => body.toString('latin1')).join('\n');
  expect(sent).toContain('memory.write');
  expect(sent).toContain('query_memory');
  expect(sent).not.toContain(CANARY);
  expect(sent).not.toContain('sk-leaked-key');
  expect(worker.output()).toContain('failed (attempt 1');
  expect(worker.output()).not.toContain(CANARY);
  expect(worker.output()).not.toContain('sk-leaked-key');
});

test('the log has JSON lines with the trace id', async () => {
  const environment = watched.environment();
  const worker = await startWorker(environment);
  watched.openai.fail('unknown-model');

  await run(environment, 'store', 'Quay [Project] USES Node [Tool]: Quay uses Node.');

  await worker.stop();
  const lines = worker.output().trim().split('\n');
  const { msg, dd } = lines
    .map((line) => JSON.parse(line))
    .find(({ level, msg }) => level === 'warn' && msg.includes('attempt'));
  const job = await watched.agent.span(({ error, name }) => error && name === 'bullmq.processJob');
  expect(msg).toContain('failed (attempt 1, retried)');
  expect(watched.agent.spans.map(({ trace }) => trace)).toContain(dd.trace_id.slice(-16));
  expect(job.tags['error.message']).not.toContain('"');
});
