import { describe, expect, test } from 'vitest';
import { RANKERS, RECIPES, recipeFor, SEARCH_KINDS } from '../../../../src/search/recipes/recipes.ts';

describe('recipes', () => {
  test('are read-only', () => {
    expect(() => Object.assign(RECIPES.facts.facts, { ranker: 'mmr' })).toThrow(TypeError);
    expect(() => (RECIPES.facts.facts.methods as string[]).push('x')).toThrow(TypeError);
    expect(() => Object.assign(RECIPES, { facts: {} })).toThrow(TypeError);
    expect(() => Object.assign(RECIPES.default, { mixed: undefined })).toThrow(TypeError);
  });

  test.each([
    [undefined, undefined, 'default'],
    [undefined, 'mmr', 'facts-mmr'],
    [undefined, 'rrf', 'facts'],
    ['entities', undefined, 'entities'],
    ['all', 'rrf', 'all'],
    ['all', 'cross-encoder', 'all-cross-encoder'],
  ] as const)('for %s with %s reranking are named %s', (find, rank, name) => {
    expect(recipeFor(find, rank)).toBe(RECIPES[name]);
  });

  test('exist for facts, entities and everything, one per ranker', () => {
    for (const kind of ['facts', 'entities', 'all'] as const)
      for (const ranker of RANKERS) expect([kind, ranker, recipeFor(kind, ranker)]).not.toContain(undefined);
  });

  test('for episodes exist only for rankers that need no vector and no distance', () => {
    expect(RANKERS.filter((ranker) => recipeFor('episodes', ranker))).toEqual(['rrf', 'cross-encoder']);
    expect(RANKERS.filter((ranker) => recipeFor('communities', ranker))).toEqual(['rrf', 'mmr', 'cross-encoder']);
  });

  test('for everything include every kind', () => {
    for (const ranker of RANKERS)
      expect(Object.keys(recipeFor('all', ranker) ?? {}).sort()).toEqual([...SEARCH_KINDS].sort());
  });
});
