import { describe, expect, test } from 'vitest';
import { type Params, queryText, quotedLabel } from '../../../src/graph/query-text.ts';

const check = (value: unknown) => queryText('RETURN $x', { x: value } as Params);

describe('parameters', () => {
  test('of every allowed kind become a literal', () => {
    const params: Params = {
      text: `'"\\\`}) //`,
      n: -1.5e10,
      yes: true,
      no: null,
      list: [1, ['a']],
      map: { a_1: { b: [] } },
    };

    expect(queryText('RETURN $n', params)).toBe(
      'CYPHER text="\'\\"\\\\`}) //" n=-15000000000 yes=true no=null list=[1,["a"]] map={a_1:{b:[]}} RETURN $n',
    );
  });

  test.each([
    [{ 'a:1}) MATCH (n) DELETE n //': 1 }],
    [{ deep: [{ 'a b': 1 }] }],
    [{ '': 1 }],
    [{ '1a': 1 }],
    [{ é: 1 }],
    [{ 'a\n': 1 }],
  ])('with keys that could inject a query are rejected: %j', (value) => {
    expect(() => check(value)).toThrow(/cannot be a parameter's name/);
  });

  test('with names that could inject a query are rejected', () => {
    expect(() => queryText('RETURN 1', { 'x=1 MATCH (n) DELETE n //': 1 })).toThrow(/cannot be a parameter's name/);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, 1n, Symbol('x'), () => 1, new Date(), new Map(), /x/])(
    'that would be stored as a different value are rejected: %s',
    (value) => {
      for (const place of [value, [value], { a: value }]) expect(() => check(place)).toThrow(/cannot be a parameter/);
    },
  );

  test.each(['a\0b', '\ud800', 'x\udc00'])('that would lose a character are rejected: %j', (text) => {
    for (const place of [text, [text], { a: text }]) expect(() => check(place)).toThrow(/a character that is lost/);
  });
});

describe('labels', () => {
  test('are quoted with backticks', () => expect(quotedLabel('Person_2')).toBe('`Person_2`'));

  test.each(['', 'a b', 'a`b', 'a:b', '1a', 'Person) DETACH DELETE (n', 'Ärger', 'a\n'])(
    '%j is not a valid label',
    (label) => {
      expect(() => quotedLabel(label)).toThrow(/cannot be a label/);
    },
  );
});
