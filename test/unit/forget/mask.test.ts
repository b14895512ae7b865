import { expect, test } from 'vitest';
import { withoutSentences } from '../../../src/forget/mask-sentences.ts';

test.each([
  ['a sentence among others', 'One. Harbor uses Redis 7. Two.', 'One. Two.'],
  ['a longer sentence', 'One. Since May Harbor uses `Redis 7` for its queue. Two.', 'One. Two.'],
  ['one of two lines', 'One.\nSince May Harbor\nuses Redis 7.\nTwo.', 'One.\n\n\nTwo.'],
  ['an item of a list', '- Harbor uses Redis 7\n- Quay uses Kafka', '\n- Quay uses Kafka'],
  ["a speaker's line", 'user: Harbor uses Redis 7.\nassistant: Noted.', '\nassistant: Noted.'],
  ['the whole text', 'Harbor uses Redis 7.', ''],
])('a sentence with all words of the fact is removed: %s', (_, text, left) => {
  expect(withoutSentences(text, ['Harbor uses Redis 7'])).toBe(left);
});

test('sentences that say something else remain unchanged', () => {
  const text = 'Harbor uses Redis 8.  Quay uses Redis 7.\n\nHarbor grows. It uses Valkey.\n';

  expect(withoutSentences(text, ['Harbor uses Redis 7', 'It grows', ''])).toBe(text);
});

test.each([
  ['the same sentence', 'One. Harbor uses Redis 7. Two.', 'One. Two.'],
  ['from any speaker and with any markup', 'user: **Harbor** uses `Redis 7`\nassistant: Noted.', '\nassistant: Noted.'],
  ['in a list', '1. Harbor uses Redis 7\n2. Quay uses Kafka', '1. \n2. Quay uses Kafka'],
  ['across two lines', 'One.\nHarbor uses\nRedis 7.\nTwo.', 'One.\n\n\nTwo.'],
])('in a text that is not a source only the exact sentence is removed: %s', (_, text, left) => {
  expect(withoutSentences(text, ['Mira: Harbor uses Redis 7'], 'equal')).toBe(left);
});

test('in a text that is not a source a longer or reordered sentence remains', () => {
  const text = 'Since May Harbor uses Redis 7. Redis 7 uses Harbor. Harbor uses Redis 7 and Kafka.';

  expect(withoutSentences(text, ['Harbor uses Redis 7'], 'equal')).toBe(text);
});
