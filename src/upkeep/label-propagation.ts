import type { Tie } from '../graph/queries/communities.ts';

/** It always ends before; a bound costs nothing. */
const MOST_ROUNDS = 100;

type Neighbours = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Communities by label propagation (Raghavan, Albert and Kumara 2007, "Near linear time algorithm to detect community
 * structures in large-scale networks"): every node begins with a label of its own and takes, again and again, the one that
 * weighs most among its neighbours. Nodes take turns in the order of their names and see at once what others took; of labels
 * that weigh the same a node keeps its own, or else takes the smallest. Thus each change makes the ties inside of communities
 * weigh more, so it ends, and comes out the same whatever the order of `ties`.
 *
 * Gives each community's members, sorted; at least two, since a node without ties belongs to none.
 */
export function communitiesOf(ties: readonly Tie[]): string[][] {
  const neighbours = neighboursOf(ties);
  const labels = new Map([...neighbours.keys()].map((node) => [node, node]));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    let changed = false;
    for (const [node, around] of neighbours) {
      const label = heaviest(around, labels, labels.get(node) ?? node);
      changed ||= label !== labels.get(node);
      labels.set(node, label);
    }
    if (!changed) break;
  }
  return connectedParts(neighbours, labels);
}

/** How much each node's ties weigh together. */
export function weights(ties: readonly Tie[]): Map<string, number> {
  const sums = [...neighboursOf(ties)].map(
    ([node, around]) => [node, [...around.values()].reduce((a, b) => a + b)] as const,
  );
  return new Map(sums);
}

function neighboursOf(ties: readonly Tie[]): Neighbours {
  const neighbours = new Map<string, Map<string, number>>();
  for (const { a, b, weight } of ties.filter((tie) => tie.a !== tie.b))
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const around = neighbours.get(from) ?? new Map<string, number>();
      neighbours.set(from, around.set(to, (around.get(to) ?? 0) + weight));
    }
  return new Map([...neighbours].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function heaviest(around: ReadonlyMap<string, number>, labels: ReadonlyMap<string, string>, own: string): string {
  const sums = new Map<string, number>([[own, 0]]);
  for (const [neighbour, weight] of around) {
    const label = labels.get(neighbour) ?? neighbour;
    sums.set(label, (sums.get(label) ?? 0) + weight);
  }
  let best = own;
  for (const [label, sum] of sums) {
    const most = sums.get(best) ?? 0;
    if (sum > most || (sum === most && best !== own && label < best)) best = label;
  }
  return best;
}

/** Nodes of one label that no path inside of it joins are several communities; the paper says so too. */
function connectedParts(neighbours: Neighbours, labels: ReadonlyMap<string, string>): string[][] {
  const seen = new Set<string>();
  const parts: string[][] = [];
  for (const start of neighbours.keys()) {
    if (seen.has(start)) continue;
    const part = [start];
    seen.add(start);
    for (const node of part)
      for (const next of neighbours.get(node)?.keys() ?? [])
        if (!seen.has(next) && labels.get(next) === labels.get(start)) {
          seen.add(next);
          part.push(next);
        }
    parts.push(part.sort());
  }
  return parts.filter(({ length }) => length > 1);
}
