import { once } from 'node:events';
import { expect, test } from 'vitest';
import { noticeHandler } from '../../../src/telemetry/notices.ts';

test('a notice reaches the handler', () => {
  const sentences: string[] = [];

  noticeHandler((sentence) => sentences.push(sentence))('Valkey is away.');

  expect(sentences).toEqual(['Valkey is away.']);
});

test('without a handler the notice is dropped', () => {
  expect(() => noticeHandler(undefined)('Valkey is away.')).not.toThrow();
});

test.each([
  [
    'throws',
    () => {
      throw new Error('no disk');
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('no disk');
    },
  ],
])('a handler that %s causes a process warning', async (_, handler) => {
  const warned = once(process, 'warning');

  expect(() => noticeHandler(handler)('Valkey is away.')).not.toThrow();

  const [warning] = await warned;
  expect(warning).toMatchObject({ code: 'MEMORY_NOTICE_HANDLER', message: 'The handler onNotice failed: no disk' });
});
