import { describe, expect, test } from 'vitest';
import { shortenEvenly, storableText, takeWithinBudget } from '../../../src/upkeep/write-under-lease.ts';

describe('whole sentences', () => {
  test.each([
    ['First sentence. Second sentence. Third sentence. Fourth sentence.', 40, 'First sentence. Second sentence.'],
    ['What is this? This is a test. More text here.', 30, 'What is this? This is a test.'],
    ['A. B. C. D. E. F. G. H.', 10, 'A. B. C.'],
    ['First sentence.   Second sentence.', 20, 'First sentence.'],
    ['Short. And whole', 100, 'Short. And whole'],
    ['', 10, ''],
    [' \n ', 10, ''],
  ])('are taken from "%s" within %i characters', (text, length, cut) => {
    expect(storableText(text, length)).toBe(cut);
  });

  test('are never less than the start of the first sentence', () => {
    expect(storableText('One sentence that is far too long', 14)).toBe('One sentence…');
  });

  test('contain nothing that the graph rejects', () => {
    expect(storableText('Har\0bor \ud800 runs.')).toBe('Harbor \ufffd runs.');
  });
});

describe('the first items within a budget', () => {
  test('end before the first item that does not fit', () => {
    expect(takeWithinBudget(['12345', '123', '1'], 9)).toEqual(['12345', '123']);
    expect(takeWithinBudget(['12345', '12345', '1'], 9)).toEqual(['12345']);
    expect(takeWithinBudget([], 9)).toEqual([]);
  });

  test('are at least the start of the first item', () => {
    expect(takeWithinBudget(['12345 12345', '1'], 9)).toEqual(['12345…']);
  });
});

describe('shortening evenly', () => {
  test('leaves texts alone that fit', () => {
    expect(shortenEvenly(['12345', '1', ''], 6)).toEqual(['12345', '1', '']);
    expect(shortenEvenly([], 6)).toEqual([]);
  });

  test('shortens the longest texts first', () => {
    const texts = shortenEvenly(['a'.repeat(100), 'bb', 'c'.repeat(50)], 42);

    expect(texts.map(({ length }) => length)).toEqual([20, 2, 20]);
  });
});
