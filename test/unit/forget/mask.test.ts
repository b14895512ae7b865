import { expect, test } from 'vitest';
import { withoutSentences } from '../../../src/forget/mask-sentences.ts';

test.each([
  ['a sentence among others', 'One. Harbor uses Redis 7. Two.', 'One. Two.'],
  ['one that says more', 'One. Since May Harbor uses `Redis 7` for its queue. Two.', 'One. Two.'],
  ['one of two lines', 'One.\nSince May Harbor\nuses Redis 7.\nTwo.', 'One.\n\n\nTwo.'],
  ['an item of a list', '- Harbor uses Redis 7\n- Quay uses Kafka', '\n- Quay uses Kafka'],
  ['what a speaker says', 'user: Harbor uses Redis 7.\nassistant: Noted.', '\nassistant: Noted.'],
  ['the whole text', 'Harbor uses Redis 7.', ''],
])('%s goes that has all words of the fact', (_, text, left) => {
  expect(withoutSentences(text, ['Harbor uses Redis 7'])).toBe(left);
});

test('what says something else stays as it was', () => {
  const text = 'Harbor uses Redis 8.  Quay uses Redis 7.\n\nHarbor grows. It uses Valkey.\n';

  expect(withoutSentences(text, ['Harbor uses Redis 7', 'It grows', ''])).toBe(text);
});

test.each([
  ['the same sentence', 'One. Harbor uses Redis 7. Two.', 'One. Two.'],
  [
    'whoever says it, marked in whatever way',
    'user: **Harbor** uses `Redis 7`\nassistant: Noted.',
    '\nassistant: Noted.',
  ],
  ['in a list', '1. Harbor uses Redis 7\n2. Quay uses Kafka', '1. \n2. Quay uses Kafka'],
  ['in two lines', 'One.\nHarbor uses\nRedis 7.\nTwo.', 'One.\n\n\nTwo.'],
])('of texts that are no source only the sentence itself goes: %s', (_, text, left) => {
  expect(withoutSentences(text, ['Mira: Harbor uses Redis 7'], 'equal')).toBe(left);
});

test('of texts that are no source a sentence stays that says more or says it in another order', () => {
  const text = 'Since May Harbor uses Redis 7. Redis 7 uses Harbor. Harbor uses Redis 7 and Kafka.';

  expect(withoutSentences(text, ['Harbor uses Redis 7'], 'equal')).toBe(text);
});
