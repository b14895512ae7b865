import { describe, expect, test } from 'vitest';
import type { PassageRow } from '../../../src/graph/queries/passages.ts';
import { excerptOf } from '../../../src/search/answer/excerpt/excerpt.ts';
import { speakerLabel } from '../../../src/search/answer/excerpt/speaker-label.ts';
import type { EndedRange } from '../../../src/search/answer/outdated/current-content.ts';
import type { Statement } from '../../../src/statements/statement.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../support/processor.ts';
import { passageRow } from './passage-rows.ts';

const NEW = 'The gateway now listens on port 9090 instead of 8080.';
const NOTE = '[since 2026-11-11, assistant: The gateway now listens on port 9090 instead of 8080.]';
const later = (text: string): Statement =>
  ({ uuid: text, text, saidAt: new Date('2026-11-11T10:00:00Z'), episode: 'later', start: 11, end: 80 }) as Statement;

type Change = Omit<EndedRange, 'start' | 'end' | 'until'>;
const REPLACED: Change = { kind: 'replaced', endedBy: later(NEW) };

/** The excerpt of a text in which one sentence has ended. */
function shown(
  text: string,
  sentence: string,
  {
    change = REPLACED,
    speaker = 'assistant:',
    question = [] as readonly string[],
    most = 1_000,
    ...row
  } = {} as Partial<Omit<PassageRow, 'episode'>> & {
    change?: Change;
    speaker?: string;
    question?: readonly string[];
    most?: number;
    turns?: readonly { start: number; role: string | null }[];
  },
): string {
  const { turns, ...own } = row;
  const passage = passageRow({ episode: 'a', start: 0, end: text.length, ...own });
  const start = text.indexOf(sentence);
  const ended =
    sentence === '' ? [] : [{ start, end: start + sentence.length, until: '2026-11-11T00:00:00+00:00', ...change }];
  const wanted = { rarity: new Map(question.map((term) => [term, 1])), hasValue: () => false };
  const ends = { ended, speakers: new Map(speaker === '' ? [] : [[NEW, speaker]]) };
  return excerptOf(passage, text, wanted, ends, { most, isWhole: false }, turns).text;
}

const OLD = 'The gateway listens on port 8080.';

describe('a replaced sentence is marked as omitted, and the current statement follows the quotation with its date and speaker', () => {
  test.each([
    ['in prose', `Harbor is up. ${OLD} It is in Bremen.`, {}, `Harbor is up. … It is in Bremen. ${NOTE}`],
    [
      'in a turn, keeping its speaker',
      `assistant: ${OLD} Harbor keeps its sessions in Valkey 8.`,
      { kind: 'turn', role: 'assistant' },
      `assistant: … Harbor keeps its sessions in Valkey 8. ${NOTE}`,
    ],
    [
      'in joined turns',
      `user: Set up Harbor.\nassistant: ${OLD}\nuser: Thanks.`,
      {
        kind: 'turn',
        role: 'user',
        turns: [
          { start: 0, role: 'user' },
          { start: 21, role: 'assistant' },
          { start: 66, role: 'user' },
        ],
      },
      `user: Set up Harbor.\nassistant: …\nuser: Thanks. ${NOTE}`,
    ],
    [
      'in a list item, keeping the rest of the item',
      `- dev\n- ${OLD} Tom owns it.\n- kiel`,
      { kind: 'list' },
      `- dev\n- … Tom owns it.\n- kiel\n${NOTE}`,
    ],
    [
      'in a table row',
      `| a | b |\n|---|---|\n| gateway | ${OLD} |`,
      { kind: 'table' },
      `| a | b |\n|---|---|\n| gateway | … |\n${NOTE}`,
    ],
    [
      'in a comment of code',
      `\`\`\`sh\n# ${OLD}\nharbor up\n\`\`\``,
      { kind: 'code' },
      `\`\`\`sh\n# …\nharbor up\n\`\`\`\n${NOTE}`,
    ],
    [
      'below a heading of a turn',
      `assistant: Intro.\n## Ports\n${OLD} Ask Tom.`,
      { kind: 'turn', role: 'assistant', start: 27, headings: [21, 26] },
      `assistant: Ports: … Ask Tom. ${NOTE}`,
    ],
  ] as const)('%s', (_, text, row, expected) => {
    expect(shown(text, OLD, row)).toBe(expected);
  });

  test('without a speaker, with the date alone', () => {
    expect(shown(`${OLD} It is in Bremen.`, OLD, { speaker: '' })).toBe(
      `… It is in Bremen. [since 2026-11-11: ${NEW}]`,
    );
  });

  test('with one marker and one note for two adjacent sentences', () => {
    expect(shown(`Up. ${OLD} It answers on 8080. Down.`, `${OLD} It answers on 8080.`)).toBe(`Up. … Down. ${NOTE}`);
  });

  test('without repeating a statement that the answer shows anyway', () => {
    const change = { ...REPLACED, isShownElsewhere: true };
    expect(shown(`${OLD} It is in Bremen.`, OLD, { change })).toBe('… It is in Bremen.');
  });
});

test('an ending without a successor, a corrected number and a partly outdated sentence are marked in brackets', () => {
  const text = `assistant: ${OLD} Ask Tom.`;
  const turn = { kind: 'turn', role: 'assistant' } as const;

  expect(shown(text, OLD, { ...turn, change: { kind: 'ended' } })).toBe(
    `assistant: [until 2026-11-11:] ${OLD} Ask Tom.`,
  );
  expect(
    shown(text, OLD, {
      ...turn,
      ...{ change: { kind: 'corrected', corrected: 'The gateway listens on port 9090.', endedBy: later(NEW) } },
      speaker: 'user:',
    }),
  ).toBe(`assistant: [The gateway listens on port 9090. (corrected 2026-11-11, user: ${NEW})] Ask Tom.`);
  expect(shown(text, OLD, { ...turn, change: { kind: 'part', endedBy: later(NEW) } })).toBe(
    `assistant: ${OLD} Ask Tom. [partly outdated since 2026-11-11, assistant: ${NEW}]`,
  );
});

describe('an ended sentence is marked at its first visible part', () => {
  const until = '2026-11-11T00:00:00+00:00';
  const rangesOf = (text: string, ended: readonly (readonly [string, Change])[]) =>
    ended.map(([sentence, change]) => {
      const start = text.indexOf(sentence);
      return { start, end: start + sentence.length, until, ...change };
    });
  const list = '- The sessions of the shop are kept in the Valkey server of the\n  office, on port 6380\n- dev\n';
  const sentence = list.slice(2, list.indexOf('\n- dev'));
  const NOTES = 'Harbor is up. Mira looks after the cellar. The port is 6380. Nothing else is known about Harbor.';
  const row = { kind: 'list', question: ['6380'], most: 50 } as const;

  test.each([
    [
      'a list item on two lines, shown in full',
      { kind: 'list' },
      { kind: 'ended' },
      `- [until 2026-11-11:] ${list.slice(2)}`,
    ],
    ['only the second line of the item', row, { kind: 'ended' }, '…  [until 2026-11-11:] office, on port 6380\n- dev'],
    [
      'a correction, when only the second line of the sentence is shown',
      { ...row, question: ['cach'], most: 145 },
      { kind: 'corrected', corrected: 'The sessions are on port 9090.', endedBy: later(NEW) },
      `…  [The sessions are on port 9090. (corrected 2026-11-11, assistant: ${NEW})] See the cache\n- dev`,
      list.replace('- ', '- Mira looks after the cellar of the shop. ').replace('6380', '6380. See the cache'),
      sentence,
    ],
    [
      'a note of which one sentence is shown',
      { question: ['port'], most: 50, kind: 'paragraph' },
      { kind: 'ended' },
      '… [until 2026-11-11:] The port is 6380. …',
      NOTES,
      NOTES,
    ],
  ] as const)('%s', (_, own, change, expected, text: string = list, ended: string = sentence) => {
    expect(shown(text, ended, { ...own, change })).toBe(expected.trimEnd());
  });

  test.each([
    ['Harbor uses Redis. Its port is 6380', { kind: 'ended' }, '[until 2026-11-11:] Its port is 6380.'],
    [
      'Redis. Its port is 6380.',
      { kind: 'corrected', corrected: 'Its port is 9090.', endedBy: later(NEW) },
      '[Its port is 9090. (corrected 2026-11-11, assistant: The',
    ],
    ['Harbor uses Redis.', { kind: 'ended' }, 'Its port is 6380.'],
  ] as const)('so is the visible rest that an earlier one leaves of %s', (second, change, expected) => {
    const text = 'Harbor uses Redis. Its port is 6380.';
    const ended = rangesOf(text, [
      ['Harbor uses Redis', { kind: 'ended' }],
      [second, change],
    ]);
    const passage = passageRow({ episode: 'a', start: 0, end: text.length });
    const speakers = new Map([[NEW, 'assistant:']]);
    const wanted = { rarity: new Map<string, number>(), hasValue: () => false };
    const { text: result } = excerptOf(passage, text, wanted, { ended, speakers }, { most: 1_000, isWhole: false });
    expect(result.startsWith(`[until 2026-11-11:] Harbor uses Redis. ${expected}`)).toBe(true);
  });
});

describe('an excerpt of a turn names its speaker', () => {
  const text = 'user: Slow?\nassistant: First the index is read. Then the cache is warmed. At last the port opens.';
  const start = text.indexOf('assistant');
  const turns = [
    { start: 0, role: 'user' },
    { start, role: 'assistant' },
  ];
  const turn = { kind: 'turn', role: 'assistant' } as const;

  test.each([
    ['cut at both ends', { start, question: ['cach'], most: 30 }, 'assistant: … Then the cache is warmed. …'],
    ['a later passage', { start: text.indexOf('At last') }, 'assistant: … At last the port opens.'],
    ['of joined turns', { turns, question: ['cach'], most: 30 }, 'assistant: … Then the cache is warmed. …'],
    [
      'after another one',
      { turns, question: ['slow', 'port'], most: 40 },
      'user: Slow?\nassistant: … At last the port opens.',
    ],
    ['a whole turn', { start }, text.slice(start)],
  ])('%s', (_, row, expected) => {
    expect(shown(text, '', { ...turn, ...row })).toBe(expected);
  });

  test('with a list on lines of its own', () => {
    const list = 'assistant: Some words.\n\nMore.\n\n- dev\n- kiel';
    expect(shown(list, '', { kind: 'list', role: 'assistant', start: list.indexOf('- dev') })).toBe(
      'assistant: …\n- dev\n- kiel',
    );
  });

  test('as written in the text, or by role when the text has no label', () => {
    const named = 'Mira: One.\nTwo.\n**Tom Berg:** Three.\nFour.';
    expect(['mira', 'tom berg', 'user'].map((role) => speakerLabel(named, role, named.length).label)).toEqual([
      'Mira:',
      'Tom Berg:',
      'user:',
    ]);
  });

  test('after a diff with hidden lines', () => {
    const diff = `user: Like this?\n\n@@ -1,2 +1,2 @@\n${'-timeout: 5 seconds\n'.repeat(5)}+timeout: 8\n b: 2\n`;
    const answer = 'assistant: Yes.\nThe cache is warm.';
    const turns = [
      { start: 0, role: 'user' },
      { start: diff.length, role: 'assistant' },
    ];
    const row = { kind: 'code', role: 'user', turns, question: ['cach'], most: 18 } as const;
    expect(shown(`${diff}${answer}`, '', row)).toBe('assistant: … The cache is warm.');
  });

  test('by the last label when the turn has several', () => {
    const named = 'Mira: One.\nTwo.\n\nMira (later): Three.\nFour.';
    const role = 'mira';
    expect(shown(named, '', { kind: 'turn', role, question: ['four'], most: 5 })).toBe('Mira (later): … Four.');
  });

  test('in time linear in the turn, however many lines precede it', () => {
    const excerpt = (lines: number) => {
      const log = `user: here is the log:\n${'GET /health is ok\n'.repeat(lines)}`;
      shown(log, '', { kind: 'list', role: 'user', start: 23 });
    };
    expect(timeGrowth(excerpt, 1_000)).toBeLessThan(MAX_LINEAR_GROWTH);
  });

  test('by role when the label is too far back to be searched for', () => {
    const log = `Mira: here is the log:\n${'GET /health is ok\n'.repeat(50_000)}`;
    const labels = [5_000, log.length].map((place) => speakerLabel(log, 'mira', place).label);
    expect(labels).toEqual(['Mira:', 'mira:']);
  });
});
