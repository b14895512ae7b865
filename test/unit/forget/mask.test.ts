import { expect, test } from 'vitest';
import { withoutSentences } from '../../../src/forget/mask.ts';

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
