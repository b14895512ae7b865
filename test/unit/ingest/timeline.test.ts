import { describe, expect, test } from 'vitest';
import { intervalsOf, type Support } from '../../../src/ingest/claims.ts';

const day = (number: number) => new Date(Date.UTC(2025, 0, number));
const support = (begin: number, end?: number): Support => ({
  episode: `e${begin}`,
  saidAt: day(begin),
  begin: day(begin),
  end: end ? day(end) : null,
});
const shown = (supports: Support[], closings: number[] = []) =>
  intervalsOf(supports, closings.map(day)).map(
    ({ supports: held, validAt, invalidAt }) =>
      `${validAt?.getUTCDate() ?? '?'}–${invalidAt?.getUTCDate() ?? ''} ${held.map(({ episode }) => episode)}`,
  );

test.each<[string, Support[], number[], string[]]>([
  ['a fact that no later statement ends continues', [support(1)], [], ['1– e1']],
  ['a repeated fact continues', [support(3), support(1)], [], ['1– e1,e3']],
  ['a closing ends the fact', [support(1)], [3], ['1–3 e1']],
  ['the first closing counts', [support(1)], [5, 3], ['1–3 e1']],
  ['a closing before the start has no effect', [support(3)], [1], ['3– e3']],
  ['a closing at the same moment has no effect', [support(3)], [3], ['3– e3']],
  ['a statement after the end starts a new period', [support(1), support(5)], [3], ['1–3 e1', '5– e5']],
  ['and that period may end again', [support(5), support(1)], [7, 3], ['1–3 e1', '5–7 e5']],
  ['its own end closes the fact', [support(1, 4)], [], ['1–4 e1']],
  [
    'its own end closes earlier statements by others',
    [support(1), support(2, 4), support(6)],
    [],
    ['1–4 e1,e2', '6– e6'],
  ],
  ['an end before the start is ignored', [support(4, 2)], [], ['4– e4']],
])('%s', (_, supports, closings, spans) => {
  expect(shown(supports, closings)).toEqual(spans);
});

describe('without a start date', () => {
  const told = (end: number | null): Support => ({ ...support(9), begin: null, end: end === null ? null : day(end) });

  test('a fact whose end precedes its statement held from the beginning of time', () => {
    expect(shown([told(5), support(2)])).toEqual(['?–5 e9,e2']);
    expect(shown([told(5)], [3])).toEqual(['?–3 e9']);
  });

  test('any other fact holds from the time of the episode', () => {
    expect(shown([told(null)], [3])).toEqual(['?– e9']);
    expect(shown([told(null)], [12])).toEqual(['?–12 e9']);
  });
});
