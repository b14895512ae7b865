import { describe, expect, it } from 'vitest';
import { passagesOf } from '../../../src/passages/passages.ts';
import { statementsOf } from '../../../src/statements/statement.ts';
import { KEPT, REPLACED } from './pairs.ts';

const SENTENCES = [...REPLACED, ...KEPT].flat().filter((text) => !/\n|^(?:user|assistant): /.test(text));

/** Breaks lines as editors do. */
const wrapped = (text: string): string => text.replace(/(.{1,70})(?:\s|$)/g, '$1\n').trimEnd();
const some = (count: number, from = 0): string[] => SENTENCES.slice(from, from + count);

/** Statements that no passage of their episode holds as a whole. */
function withoutPassage(content: string, source: 'text' | 'message' = 'text') {
  const episode = { uuid: 'u', content, source, referenceTime: new Date('2026-04-20T10:00:00Z') };
  const passages = passagesOf({ ...episode, metadata: null, saga: null }).filter((passage) => passage.source === '');
  const statements = statementsOf(episode);
  expect(statements.length).toBeGreaterThan(5);
  return statements.filter(
    ({ start, end }) => !passages.some((passage) => passage.start <= start && end <= passage.end),
  );
}

describe('the range of a statement is inside a passage of its episode', () => {
  it.each([
    ['for a long paragraph', some(60).join(' ')],
    ['for a long paragraph on several lines', wrapped(some(60, 20).join(' '))],
    ['for several paragraphs below headings', some(30).join('\n\n## Next\n\n')],
    [
      'for a long list',
      some(80)
        .map((text) => `- ${text}`)
        .join('\n'),
    ],
    [
      'for a long list on several lines',
      some(80)
        .map((text) => `- ${wrapped(text).replaceAll('\n', '\n  ')}`)
        .join('\n'),
    ],
    [
      'for a long procedure with a lead-in',
      `Do this:\n\n${some(80)
        .map((text, at) => `${at + 1}. ${text}`)
        .join('\n')}`,
    ],
    [
      'beside code and tables',
      `${wrapped(some(30).join(' '))}\n\n\`\`\`sh\nmake\n\`\`\`\n\n| a | b |\n|---|---|\n| c | d |\n\n${some(20, 40).join(' ')}`,
    ],
    [
      'for a paragraph with long sentences',
      some(40)
        .map((text) => `${text.replace(/\.$/, '')}, ${'and nothing else changed for anybody '.repeat(10)}.`)
        .join(' '),
    ],
  ])('%s', (_, content) => {
    expect(withoutPassage(content)).toEqual([]);
  });

  it('for a turn', () => {
    const turns = some(40).map(
      (text, at) => `${at % 2 === 0 ? 'user' : 'assistant'}: ${text} ${some(12, at).join(' ')}`,
    );
    expect(withoutPassage(turns.join('\n'), 'message')).toEqual([]);
  });
});
