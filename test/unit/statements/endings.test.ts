import { describe, expect, it } from 'vitest';
import { endedSentences, type PointInTime } from '../../../src/statements/ended-ranges.ts';
import { parseSentences } from '../../../src/statements/sentence.ts';
import { statementsOf } from '../../../src/statements/statement.ts';
import { ORDINARY_ENDS } from './ordinary-ends.ts';
import { ORDINARY_KEEPS } from './ordinary-keeps.ts';
import { KEPT, REPLACED } from './pairs.ts';

const MAY: PointInTime = { asOf: new Date('2026-05-31T00:00:00Z') };
const told = (content: string, day: string) => ({
  uuid: `${day} ${content}`,
  content,
  source: /^(?:user|assistant): /.test(content) ? 'message' : 'text',
  referenceTime: new Date(`${day}T10:00:00Z`),
});

function shownText(content: string) {
  const shown = told(content, '2026-03-02');
  return { sentences: parseSentences(shown), episode: shown.uuid, saidAt: shown.referenceTime };
}

/** The sentences of the first text that the others end, each with its end and its replacement. */
function endedIn(first: string, others: readonly (readonly [day: string, text: string])[], moment = MAY): string[] {
  const statements = others.flatMap(([day, text]) => statementsOf(told(text, day)));
  return endedSentences(shownText(first), statements, moment).map(
    ({ start, end, until, endedBy }) =>
      `${first.slice(start, end)} until ${until.toISOString().slice(0, 10)}: ${endedBy.text}`,
  );
}

describe('a statement ends', () => {
  it.each([...REPLACED, ...ORDINARY_ENDS])('%s | %s', (before, after) => {
    expect(endedIn(before, [['2026-04-20', after]])).toHaveLength(1);
  });
});

describe('nothing ends', () => {
  it.each([...KEPT, ...ORDINARY_KEEPS])('%s | %s', (before, after) => {
    expect(endedIn(before, [['2026-04-20', after]])).toEqual([]);
  });

  it('because of a statement about something else', () => {
    const later = [...REPLACED, ...KEPT, ...ORDINARY_KEEPS.map(([, after]) => [after])]
      .flat()
      .map((text) => ({ text, statements: statementsOf(told(text, '2026-04-20')) }));
    const wrong = REPLACED.flatMap(([before, own]) => {
      const shown = shownText(before);
      const others = later.filter(({ text }) => text !== own && text !== before);
      return others.flatMap(({ statements }) =>
        endedSentences(shown, statements, MAY).map(({ endedBy }) => `${before} | ${endedBy.text}`),
      );
    });
    expect(wrong).toEqual([]);
  });
});

it.each([
  'We replaced Gulp by `tsc -b src/**/*.ts -t checkout-web .` because of #491.',
  'We replaced __init__ by a_b_c in **@scope/pkg** (2 * 3 * 4).',
])('the replacement is shown as it was written: %s', (text) => {
  expect(statementsOf(told(`It is done. ${text}`, '2026-04-20')).map((statement) => statement.text)).toContain(text);
});

describe('of a sentence with two verbs and one subject', () => {
  const parts = (before: string, after: string) =>
    endedSentences(shownText(before), statementsOf(told(after, '2026-04-20')), MAY).map(({ isPart, endedTerms }) =>
      isPart ? endedTerms.toSorted().join(' ') : 'all',
    );

  it.each([
    ['Heron draws with WebGPU instead of wgpu.', 'draw wgpu'],
    ['Heron is written in Zig instead of Rust.', 'rust writ'],
  ])('one part ends: %s', (after, ended) => {
    expect(parts('Heron is written in Rust and draws with wgpu.', after)).toEqual([ended]);
  });

  it('the third part ends', () => {
    const before = 'Heron is written in Rust, draws with wgpu and uses Postgres.';
    expect(parts(before, 'Heron uses MySQL instead of Postgres.')).toEqual(['postgr use']);
  });

  it('two nouns are not two verbs', () => {
    expect(parts('Heron sends mails and reports to Slack.', 'Heron reports to Teams instead of Slack.')).toEqual([
      'all',
    ]);
  });
});
