import { expect, test } from 'vitest';
import { logLineSentence } from '../../../src/telemetry/log.ts';

test.each([
  ['{"level":"warn","msg":"Valkey does not answer."}', 'Valkey does not answer.'],
  ['Valkey does not answer.', 'Valkey does not answer.'],
  ['{"level":"warn"}', '{"level":"warn"}'],
  ['', ''],
])('the line %s yields the sentence %s', (line, sentence) => {
  expect(logLineSentence(line)).toBe(sentence);
});
