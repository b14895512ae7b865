import { expect, test } from 'vitest';
import { parseTranscriptEntry } from '../../../src/agents/claude-code/transcript-entry.ts';
import { neutralizeTags } from '../../../src/redaction/neutralize-tags.ts';
import {
  recalledSentences,
  withoutRecalledSentences,
  withoutRecallMarks,
} from '../../../src/redaction/recall-marks.ts';
import { plainText } from '../../../src/text.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../support/processor.ts';

const prompt = (content: string) =>
  parseTranscriptEntry({ type: 'user', uuid: 'u', timestamp: '2026-11-22T10:00:00Z', message: { content } });

// Everything that reads a text of untrusted length, except redaction itself.
test.each<[string, (text: string) => unknown]>([
  ['an entry of a transcript', prompt],
  ['marks of the memory', withoutRecallMarks],
  ['sentences of an answer', recalledSentences],
  ['repeated sentences', (text) => withoutRecalledSentences(text, ['the sessions of Harbor', 'a a a a b'])],
  ['tags', neutralizeTags],
  ['sequences of a terminal', plainText],
])('%s are scanned in time linear in the text', (_, work) => {
  const units = [
    '<command-name> ',
    '<command-name>',
    '<system-reminder>',
    '<recalled-memory ',
    '</recalled-memory>',
    '< ',
    '(',
    ' ',
    '() ',
    'a ',
    'the sessions of ',
    '\u001b]0;',
    '\u009d',
    '\u001b[',
    '&lt;',
    '<|',
    '\\',
    '- ',
  ];
  const slow = units.filter(
    (unit) => timeGrowth((size) => void work(unit.repeat(size / unit.length)), 30_000) > MAX_LINEAR_GROWTH,
  );
  const headed = ['<command-name>', '<', '(', '<recalled-memory'].filter(
    (head) => timeGrowth((size) => void work(head + ' '.repeat(size)), 30_000) > MAX_LINEAR_GROWTH,
  );

  expect([...slow, ...headed]).toEqual([]);
});
