import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PRODUCT = new URL('../../../bench/answers/product.mjs', import.meta.url).href;

test('the benchmark runs the built copy and reads times as text', async () => {
  // It removes the project's settings from its environment.
  const environment = { ...process.env };
  const { open } = await import(PRODUCT);
  const product = await open(ROOT);
  try {
    const content = 'Harbor uses Redis since 2026-03-01.';
    const uuids = await product.store('answers', [{ id: 'one', content, reference_time: '2026-07-01T10:00:00Z' }]);

    const { facts, entities } = await product.learnt('answers', uuids.get('one'));
    const answer = await product.ask('answers', 'What does Harbor use?', { limit: 5 });

    expect(facts[0]).toMatchObject({ validAt: expect.stringMatching(/^2026-03-01T/), invalidAt: null });
    expect(entities.map(({ name }: { name: string }) => name)).toContain('Harbor');
    expect(answer).toContain('Redis');
    expect(product.cli('answers', 'What does Harbor use?', 5)).toBe(answer);
  } finally {
    await product.close();
    for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
    Object.assign(process.env, environment);
  }
});
