import { describe, expect, test } from 'vitest';
import type { CommunityEdge } from '../../../src/graph/queries/communities.ts';
import { degreeWeights, detectCommunities } from '../../../src/upkeep/communities.ts';
import { MAX_LINEAR_GROWTH, timeGrowth } from '../../support/processor.ts';
import { random } from '../../support/random.ts';

const tie = (a: string, b: string, weight = 1): CommunityEdge => ({ a, b, weight });

describe('communities', () => {
  test('of two nodes with two edges are one community, where graphiti_core never terminates', () => {
    expect(detectCommunities([tie('a', 'b', 2)])).toEqual([['a', 'b']]);
    expect(detectCommunities([tie('a', 'b'), tie('b', 'a')])).toEqual([['a', 'b']]);
  });

  test('of two dense groups with a weak edge between them are these two groups', () => {
    const square = (x: string) =>
      [1, 2, 3, 4].flatMap((i) => [1, 2, 3, 4].filter((j) => i < j).map((j) => tie(`${x}${i}`, `${x}${j}`, 2)));

    expect(detectCommunities([...square('a'), ...square('b'), tie('a1', 'b1')])).toEqual([
      ['a1', 'a2', 'a3', 'a4'],
      ['b1', 'b2', 'b3', 'b4'],
    ]);
  });

  test('follow the heavier edge', () => {
    expect(detectCommunities([tie('a', 'b', 5), tie('b', 'c', 1), tie('c', 'd', 5)])).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('need edges, and a self-loop does not count', () => {
    expect(detectCommunities([])).toEqual([]);
    expect(detectCommunities([tie('a', 'a', 9)])).toEqual([]);
  });

  test('of any graph contain each node at most once, are connected, and do not depend on the order of edges', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const ties = randomTies(seed);
      const communities = detectCommunities(ties);
      const members = communities.flat();

      expect(detectCommunities(shuffled(ties, seed)), `seed ${seed}`).toEqual(communities);
      expect(new Set(members).size).toBe(members.length);
      expect(members.filter((member) => !ties.some(({ a, b }) => a === member || b === member))).toEqual([]);
      for (const community of communities) {
        expect(community.length).toBeGreaterThan(1);
        expect(reachable(community, ties)).toEqual(community);
      }
    }
  });

  test('take time linear in the number of edges', () => {
    const chance = random(1);
    const many = (ties: number) => {
      const node = () => String(Math.floor((chance() * ties) / 4));
      return Array.from({ length: ties }, () => tie(node(), node()));
    };

    expect(timeGrowth((size) => void detectCommunities(many(size)), 2000)).toBeLessThan(MAX_LINEAR_GROWTH);
  });
});

test('the weight of a node is the sum of its edges', () => {
  expect(degreeWeights([tie('a', 'b', 2), tie('c', 'a', 3)])).toEqual(
    new Map([
      ['a', 5],
      ['b', 2],
      ['c', 3],
    ]),
  );
});

function randomTies(seed: number): CommunityEdge[] {
  const chance = random(seed);
  const nodes = 2 + Math.floor(chance() * 12);
  const node = () => `n${Math.floor(chance() * nodes)}`;
  return Array.from({ length: Math.floor(chance() * 3 * nodes) }, () =>
    tie(node(), node(), 1 + Math.floor(chance() * 3)),
  ).filter(({ a, b }) => a !== b);
}

/** In another order and with ends exchanged. */
function shuffled(ties: readonly CommunityEdge[], seed: number): CommunityEdge[] {
  const chance = random(seed + 1000);
  return ties
    .map(({ a, b, weight }) => ({ place: chance(), it: chance() < 0.5 ? tie(b, a, weight) : tie(a, b, weight) }))
    .sort((a, b) => a.place - b.place)
    .map(({ it }) => it);
}

function reachable(community: readonly string[], ties: readonly CommunityEdge[]): string[] {
  const found = community.slice(0, 1);
  for (const node of found)
    for (const { a, b } of ties) {
      const other = a === node ? b : b === node ? a : undefined;
      if (other && community.includes(other) && !found.includes(other)) found.push(other);
    }
  return found.sort();
}
