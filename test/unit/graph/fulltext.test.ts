import { describe, expect, test } from 'vitest';
import { allWords, searchTerms } from '../../../src/graph/fulltext.ts';
import { randomTexts } from '../../support/rubbish.ts';

describe('allWords, as graphiti_core cleans text', () => {
  test.each([
    [
      'a,b.c<d>e{f}g[h]i"j\'k:l;m!n@o#p$q%r^s&t*u(v)w-x+y=z~?|/\\`',
      'b c d e f g h i j k l m n o p q r s t u v w x y z',
    ],
    ['  many   spaces\t\n here ', 'many spaces here'],
    ['under_score', 'under_score'],
    ['the and is', ''],
    ['THE And iS', ''],
    ['!!!...???', ''],
    ['_ __ \x7f a_', 'a_'],
    ['C++ vs C#', 'C vs C'],
    ["don't stop", 'don t stop'],
    ['数据库 שלום ÉCOLE', '数据库 שלום ÉCOLE'],
  ])('%j becomes %j', (text, words) => {
    expect(allWords(text)).toBe(words);
  });
});

describe('searchTerms', () => {
  test.each([
    ['Where does Harbor keep it?', ['Harbor', 'keep', 'Harbor keep']],
    ['the and is', []],
    ['What do you have?', []],
    ['?!', []],
    ['Harbor harbor Harbor', ['Harbor', 'harbor', 'Harbor harbor']],
  ])('of %j are each word and each pair of words', (text, terms) => {
    expect(searchTerms(text)).toEqual(terms);
  });

  // Upstream asks for the parts alone; ours also for the phrase, which is what such a text means.
  test.each([
    ['src/main.ts', '"src main ts"'],
    ['1.7.2', '"1 7 2"'],
    ['add-on', '"add on"'],
  ])('of %j start with the phrase %j', (text, phrase) => {
    expect(searchTerms(text)[0]).toBe(phrase);
  });

  test('of a number with dots are only the phrase', () => expect(searchTerms('1.7.2')).toEqual(['"1 7 2"']));

  test('of a long text are taken from its first sixty words, where upstream would drop them all', () => {
    const words = Array.from({ length: 10_000 }, (_, i) => `word${i}`);

    expect(searchTerms(words.join(' ')).slice(0, 60)).toEqual(words.slice(0, 60));
    expect(searchTerms(words.join(' ')).length).toBeLessThan(100);
    expect(allWords(words.join(' ')).split(' ')).toEqual(words.slice(0, 60));
  });
});

test('search terms of arbitrary garbage contain only words and phrases', () => {
  for (const text of randomTexts(11, 1000))
    for (const term of [...searchTerms(text), allWords(text)]) {
      expect(term.replaceAll(/"[^"]*"/g, 'phrase')).not.toMatch(/["'@{}()[\]*%~$:;,.!?#^&=+<>\\`/|-]/);
      for (const [, phrase] of term.matchAll(/"([^"]*)"/g)) expect(phrase).toMatch(/\S/);
    }
});
