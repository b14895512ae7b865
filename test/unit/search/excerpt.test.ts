import { describe, expect, test } from 'vitest';
import { termsOf } from '../../../src/passages/terms.ts';
import { cutList, omittedNotice } from '../../../src/search/answer/excerpt/cut-list.ts';
import { excerptBudget, excerptOf } from '../../../src/search/answer/excerpt/excerpt.ts';
import { answerTypeMatcher } from '../../../src/search/answer/question/answer-type.ts';
import { passageRow, rankedPassage } from './passage-rows.ts';

const ANYTHING = { rarity: new Map<string, number>(), hasValue: () => false };
const ROOM = { most: 1_000, isWhole: false };

test('only the lines of a diff that remain after it are shown', () => {
  const diff = '@@ -1,3 +1,3 @@\n a: 1\n-timeout: 5\n+timeout: 8\n-gone: 1\n b: 2';
  const passage = passageRow({ episode: 'a', kind: 'code', start: 0, end: diff.length });
  expect(excerptOf(passage, diff, ANYTHING, { ended: [] }, ROOM).text).toBe(
    '@@ -1,3 +1,3 @@\n a: 1\n+timeout: 8\n-gone: 1\n b: 2',
  );
});

test('a line that starts with a hyphen is hidden in diffs only', () => {
  const list = '- old\n+ new';
  const passage = passageRow({ episode: 'a', kind: 'list', start: 0, end: list.length });
  expect(excerptOf(passage, list, ANYTHING, { ended: [] }, ROOM).text).toBe(list);
});

test('a later part of a table is shown below the table header, with the lead-in in front', () => {
  const [lead, header, row] = ['Commands', '| command | does |', '| ls | lists |'];
  const table = `${lead}:\n${header}\n${row}`;
  const start = table.indexOf(row);
  const headings = [0, lead.length, lead.length + 2, start - 1];
  const passage = passageRow({ episode: 'a', kind: 'table', start, end: table.length, headings });
  expect(excerptOf(passage, table, ANYTHING, { ended: [] }, ROOM).text).toBe(`${lead}: \n${header}\n${row}`);
});

test('the lead-in of sections is shown with their headings', () => {
  const text =
    'The database has two tables:\n\n### 1. **users** table\nOne row each.\n\n### 2. [orders](file:///a/b.sql)\nMany.';
  const passage = passageRow({ episode: 'a', kind: 'steps', start: 0, end: text.indexOf('\n') });
  expect(excerptOf(passage, text, ANYTHING, { ended: [] }, ROOM).text).toBe(
    'The database has two tables:\n- 1. **users** table\n- 2. orders',
  );
});

test('a heading is shown without link targets and colon, and an editor link by its name', () => {
  const heading = '**[start.ts](file:///home/a/start.ts)**:';
  const text = `${heading}\nChange [\`start.ts\`](command:editor.open?%5B%7B%22path%22%3A%22start.ts%22%7D%5D "a/start.ts"), see [docs](https://example.org/a).`;
  const passage = passageRow({
    episode: 'a',
    start: heading.length + 1,
    end: text.length,
    headings: [0, heading.length],
  });
  expect(excerptOf(passage, text, ANYTHING, { ended: [] }, ROOM).text).toBe(
    '**start.ts**: Change `start.ts`, see [docs](https://example.org/a).',
  );
});

test('a line that is too long is truncated, not hidden', () => {
  const line = `- fixes the headers of a proxy ${'in one more of many ways '.repeat(20)}`;
  const text = `### Bug Fixes\n- other\n${line}\n### Contributors\n- Ann`;
  const passage = passageRow({ episode: 'a', kind: 'list', start: 0, end: text.length });
  const wanted = {
    ...ANYTHING,
    rarity: new Map([
      ['prox', 1],
      ['proxi', 1],
    ]),
  };
  const { text: shown } = excerptOf(passage, text, wanted, { ended: [] }, { most: 100, isWhole: false });
  expect(shown).toMatch(/^### Bug Fixes\n…\n- fixes the headers of a proxy .*…$/);
  expect(shown.length).toBeLessThan(110);
});

test.each([
  ['an item of a list', 'To deploy:\n- build\n- drain the gateway\n- push', 'To deploy:\n…\n- drain the gateway\n…'],
  ['a step', 'To deploy:\n1. build\n2. drain the gateway\n3. push', 'To deploy:\n…\n2. drain the gateway\n…'],
])('%s starts a new line after hidden text', (_, text, expected) => {
  const passage = passageRow({ episode: 'a', kind: 'list', start: 0, end: text.length });
  const wanted = { ...ANYTHING, rarity: new Map(termsOf('gateway').map((term) => [term, 1])) };

  const { text: shown } = excerptOf(passage, text, wanted, { ended: [] }, { most: 35, isWhole: false });

  expect(shown).toBe(expected);
});

test('hostile runs of digits and long headings take neither much time nor much space', () => {
  const digits = '1'.repeat(200_000);
  const text = `Two parts:\n\n## ${digits}\n\nOne.\n\n## b\n\nTwo.`;
  const passage = passageRow({ episode: 'a', kind: 'sections', start: 0, end: text.indexOf('\n') });
  const hasValue = answerTypeMatcher('Which version of node?');
  const { text: shown } = excerptOf(
    passage,
    text,
    { ...ANYTHING, hasValue },
    { ended: [] },
    { most: 1_000, isWhole: false },
  );
  expect(shown.length).toBeLessThan(300);
  expect([hasValue(digits), hasValue(`${digits}.1`), hasValue(`${digits}.${digits}`)]).toEqual([false, true, true]);
});

test('truncated code never shows a fence without its partner', () => {
  const line = 'echo a line of the script\n';
  const text = `Run:\n\`\`\`sh\n${line.repeat(20)}\`\`\``;
  const passage = passageRow({ episode: 'a', kind: 'code', start: 0, end: text.length });
  const shownOf = (most: number) => excerptOf(passage, text, ANYTHING, { ended: [] }, { most, isWhole: false }).text;
  expect(shownOf(1_000)).toBe(text);
  expect(shownOf(100)).toBe(`Run:\n\`\`\`sh\n${line.repeat(3)}…\n\`\`\``);
  // Nothing is left for the closing fence.
  expect(shownOf(89)).toBe(`Run:\n${line.repeat(3)}…`);
});

test('the line with a value of the requested kind is shown first', () => {
  const lines = [
    ...Array(8).fill('- nuxt is upgraded step by step'),
    '- "version": "^2.15.8"',
    ...Array(8).fill('- and so on'),
  ];
  const text = lines.join('\n');
  const passage = passageRow({ episode: 'a', kind: 'list', start: 0, end: text.length });
  const rarity = new Map([['nuxt', 1]]);
  const shownFor = (question: string) =>
    excerptOf(
      passage,
      text,
      { rarity, hasValue: answerTypeMatcher(question) },
      { ended: [] },
      { most: 120, isWhole: false },
    ).text;
  expect(shownFor('Which release of Nuxt 2 do we use?')).toContain('2.15.8');
  expect(shownFor('How do we upgrade Nuxt?')).not.toContain('2.15.8');
});

test.each([
  ['Which version of Valkey do we run?', 'Valkey 8.1', true],
  ['Which version comes after 8.1?', 'Valkey 8.1', false],
  ['How many nodes are there?', '3 nodes', true],
  ['What is the port of Harbor?', '1. Ask Mira.', false],
  ['Who runs Valkey 8.1?', 'Mira, since 2024', false],
])('%s: %j contains a requested value: %s', (question, text, isThere) => {
  expect(answerTypeMatcher(question)(text)).toBe(isThere);
});

test('joined passages get as much space as a list', () => {
  const found = rankedPassage({ episode: 'a' }, 1);
  const joined = excerptBudget(0, { ...found, isJoined: true });
  expect(joined).toEqual(excerptBudget(0, rankedPassage({ episode: 'a', kind: 'list' }, 1)));
  expect(excerptBudget(0, found).most).toBeLessThan(joined.most);
});

describe('a requested procedure', () => {
  const procedure = (steps: number) =>
    `To restart:\n${Array.from({ length: steps }, (_, at) => `${at + 1}. Step ${at + 1} ${'of the restart '.repeat(5)}.`).join('\n')}`;
  const shownOf = (text: string, place: number) => {
    const found = rankedPassage({ episode: 'a', kind: 'procedure', start: 0, end: text.length }, 1);
    return excerptOf(found.passage, text, ANYTHING, { ended: [] }, excerptBudget(place, { ...found, isWhole: true }));
  };

  test.each([0, 1, 4])('is shown with all of its steps, at rank %i', (place) => {
    const text = procedure(20);
    expect(shownOf(text, place)).toEqual({ text, omitted: 0 });
  });

  test('ends after a whole step when it is longer than an answer, and says how many follow', () => {
    const text = procedure(100);
    const { text: shown, omitted } = shownOf(text, 0);

    expect(shown.length).toBeLessThanOrEqual(4_000);
    const last = 100 - omitted;
    expect(last).toBeGreaterThan(20);
    expect(shown).toBe(text.slice(0, text.indexOf(`\n${last + 1}. `)));
  });
});

describe('a truncated list', () => {
  test('counts hidden top-level items, each with its nested lines', () => {
    const list = 'Open:\n- one\n  - inner\n  more of it\n- two\n- three';
    expect(cutList(list, (text) => text.length <= 40)).toEqual({
      ...{ text: 'Open:\n- one\n  - inner\n  more of it\n', omitted: 2 },
    });
    expect(cutList(list, () => true)).toEqual({ text: list, omitted: 0 });
  });

  test('keeps its first item, however long', () => {
    expect(cutList('1. one\n2. two', () => false)).toEqual({ text: '1. one\n', omitted: 1 });
  });

  test('names the kind of entries that are left out', () => {
    expect(omittedNotice(3, 'procedure', 'episode_1')).toBe(
      '… (3 more steps; `memory-manager episode episode_1` shows all)',
    );
    expect(omittedNotice(1, 'list', 'episode_1')).toContain('(1 more item;');
    expect(omittedNotice(2, 'table', 'episode_1')).toContain('(2 more rows;');
  });
});
