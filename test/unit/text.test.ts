import { describe, expect, test } from 'vitest';
import { checkText, oneLine, shortened } from '../../src/text.ts';
import { rubbish } from '../support/rubbish.ts';

describe('checkText', () => {
  test('gives sound text back unchanged', () => {
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
  ])('refuses %j', (text, sentence) => {
    expect(() => checkText(text, 'It')).toThrow(sentence);
  });
});

test('oneLine makes one line of any white space', () => {
  expect(oneLine(' a\r\n\tb\u2028c\u00a0\u3000d \v')).toBe('a b c d');
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
  ])('makes of %j at most %i characters: %j', (text, length, expected) => {
    expect(shortened(text, length)).toBe(expected);
  });

  test('never splits a character and never grows', () => {
    for (const text of rubbish(7, 500)) {
      const sound = text.toWellFormed().repeat(3);
      for (let length = 1; length < 30; length += 1) {
        const short = shortened(sound, length);
        expect(short.isWellFormed()).toBe(true);
        expect(short.length).toBeLessThanOrEqual(Math.max(length, 1));
      }
    }
  });
});
