import { describe, expect, test } from 'vitest';
import { checkText, oneLine, plainText, printable, truncated } from '../../src/text.ts';
import { randomTexts } from '../support/rubbish.ts';

describe('checkText', () => {
  test('returns valid text unchanged', () => {
    const text = '🚀 שלום \u202e\ufeff \t\r\n ﷽';

    expect(checkText(text, 'It')).toBe(text);
  });

  test.each([
    ['a\0b', 'It has a NUL character at position 2; take it out.'],
    ['\0', 'It has a NUL character at position 1; take it out.'],
    ['\ud83d', 'It has half a character (a lone surrogate); store it as valid Unicode.'],
    ['\ude80 a', 'It has half a character (a lone surrogate); store it as valid Unicode.'],
    [5 as unknown as string, 'It must be text.'],
    [null as unknown as string, 'It must be text.'],
  ])('rejects %j', (text, sentence) => {
    expect(() => checkText(text, 'It')).toThrow(sentence);
  });
});

test('oneLine turns any white space into single spaces', () => {
  expect(oneLine(' a\r\n\tb\u2028c\u00a0\u3000d \v')).toBe('a b c d');
});

describe('terminal control sequences', () => {
  test.each([
    ['colours', '\u001b[1;31mERROR\u001b[0m: \u009b32mfine\u009b0m', 'ERROR: fine'],
    ['a title and a clipboard', 'a\u001b]0;owned\u0007b\u001b]52;c;b3duZWQ=\u001b\\c', 'abc'],
    ['an unterminated title', 'a\u001b]0;owned', 'a0;owned'],
    ['the cursor', 'one\u001b[2K\u001b[1Atwo\u001b7\u001bc', 'onetwo'],
    ['other strings', 'a\u001bPq#0\u001b\\b\u001b_x\u001b\\c', 'abc'],
    [
      'colours as JSON and shells write them',
      '"\\u001b[31mred\\u001b[0m" \\x1b[32mgreen \\033[0m \\e[1mbold',
      '"red" green  bold',
    ],
    ['bells and backspaces', 'a\u0007b\u0008c\u007fd', 'abcd'],
    ['a progress bar', '10 %\r20 %\r\ndone', '10 %\n20 %\ndone'],
    ['characters that reverse and hide letters', 'a\u202eb\u2066c\u200bd\u{e0041}e\ufefff', 'abcdef'],
  ])('%s: plainText keeps the words, printable shows the rest', (_, text, plain) => {
    expect(plainText(text)).toBe(plain);
    expect(printable(text)).not.toMatch(/(?![\n\t])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
  });

  test('ordinary text in any language is unchanged', () => {
    const text = 'Zoë\tשלום می‌خواهم 👩‍💻 日本語\n- [x] done';

    expect(plainText(text)).toBe(text);
    expect(printable(text)).toBe(text);
  });

  test('printable JSON has the same value', () => {
    const value = { text: '\u001b[31m\u009b\u202e\u{e0041} é "quoted"' };

    expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
  });
});

describe('shortened', () => {
  test.each([
    ['short', 10, 'short'],
    ['exactly 10', 10, 'exactly 10'],
    ['One sentence. Another one', 20, 'One sentence.…'],
    ['longer words here', 14, 'longer words…'],
    ['a longwordtocut', 12, 'a longwordt…'],
    ['unbreakableword', 8, 'unbreak…'],
    ['Version 2.0 is out', 14, 'Version 2.0…'],
  ])('shortens %j to at most %i characters: %j', (text, length, expected) => {
    expect(truncated(text, length)).toBe(expected);
  });

  test('never splits a character and never grows', () => {
    for (const text of randomTexts(7, 500)) {
      const sound = text.toWellFormed().repeat(3);
      for (let length = 1; length < 30; length += 1) {
        const short = truncated(sound, length);
        expect(short.isWellFormed()).toBe(true);
        expect(short.length).toBeLessThanOrEqual(Math.max(length, 1));
      }
    }
  });
});
