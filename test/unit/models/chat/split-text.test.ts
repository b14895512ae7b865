import { describe, expect, test } from 'vitest';
import { splitText } from '../../../../src/models/chat/split-text.ts';
import { randomTexts } from '../../../support/rubbish.ts';

describe('a text is split', () => {
  test('not at all when it is short', () => {
    expect(splitText('Harbor.', 'text', 10)).toEqual(['Harbor.']);
  });

  test.each([
    [
      'between paragraphs',
      'First line.\nSecond one.\n\nThird one here.',
      ['First line.\nSecond one.\n\n', 'Third one here.'],
    ],
    ['otherwise between lines', 'First line is. Long\nsecond one here', ['First line is. Long\n', 'second one here']],
    ['otherwise between sentences', 'The first sentence. The second one', ['The first sentence. ', 'The second one']],
    ['otherwise between words', 'words without any end at all here', ['words without any end at ', 'all here']],
    ['otherwise anywhere', 'x'.repeat(40), ['x'.repeat(28), 'x'.repeat(12)]],
  ])('%s', (_, text, parts) => {
    expect(splitText(text, 'text', 28)).toEqual(parts);
  });

  test('between turns of a dialogue, even if a turn has paragraphs', () => {
    expect(splitText('Ann: hello there\nMira: good\n\nday', 'message', 30)).toEqual([
      'Ann: hello there\n',
      'Mira: good\n\nday',
    ]);
  });

  test('never inside a character', () => {
    const parts = splitText('😀'.repeat(50), 'text', 7);

    expect(parts.every((part) => part.isWellFormed() && part.length <= 7)).toBe(true);
    expect(parts.join('')).toBe('😀'.repeat(50));
  });

  test('without losing anything, whatever the text', () => {
    for (const text of randomTexts(5, 300)) {
      for (const source of ['text', 'message'] as const) {
        const parts = splitText(text, source, 9);

        expect(parts.every((part) => part.length <= 9)).toBe(true);
        // Parts of white space only are left out.
        expect(parts.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
      }
    }
  });
});

describe('JSON is split between members', () => {
  const members = (parts: string[]) => parts.map((part) => JSON.parse(part));

  test('of a list', () => {
    const list = Array.from({ length: 6 }, (_, index) => ({ name: `Service ${index}` }));

    const parts = splitText(JSON.stringify(list), 'json', 50);

    expect(parts.every((part) => part.length <= 50)).toBe(true);
    expect(parts.length).toBeGreaterThan(2);
    expect(members(parts).flat()).toEqual(list);
  });

  test('of an object, repeating the parent keys when a single member is too long', () => {
    const document = { name: 'Harbor', services: [{ id: 'api' }, { id: 'worker' }, { id: 'mail' }], owner: 'Mira' };

    expect(members(splitText(JSON.stringify(document), 'json', 45))).toEqual([
      { name: 'Harbor' },
      { services: [{ id: 'api' }, { id: 'worker' }] },
      { services: [{ id: 'mail' }] },
      { owner: 'Mira' },
    ]);
  });

  test('or like text when a value is too long or the text is not JSON', () => {
    const long = JSON.stringify({ log: 'word '.repeat(30) });

    expect(splitText(long, 'json', 40).every((part) => part.length <= 40)).toBe(true);
    expect(splitText('{"a": 1}\n{"b": 2}\n{"c": 3}', 'json', 12)).toEqual(['{"a": 1}\n', '{"b": 2}\n', '{"c": 3}']);
  });

  test('at any depth', () => {
    const deep = `${'['.repeat(20_000)}"x"${']'.repeat(20_000)}`;

    expect(splitText(deep, 'json', 12_000).join('')).toContain('"x"');
  });
});
