import { expect, test } from 'vitest';
import { logLineSentence } from '../../../src/telemetry/log.ts';

test.each([
  ['{"level":"warn","msg":"Valkey does not answer."}', 'Valkey does not answer.'],
  ['Valkey does not answer.', 'Valkey does not answer.'],
  ['{"level":"warn"}', '{"level":"warn"}'],
  ['', ''],
])('of the line %s the sentence is %s', (line, sentence) => {
  expect(logLineSentence(line)).toBe(sentence);
});
