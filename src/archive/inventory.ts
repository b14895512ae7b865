import { type Element, isNode } from './element.ts';
import { type GraphHashes, type HashKind, openGraphHash } from './graph-hash.ts';

/** What a graph or an archive holds, counted while its elements go by. */
export interface Inventory {
  readonly counts: Counts;
  readonly hashes: GraphHashes;
  /** Null for a graph that only Python wrote. */
  readonly embedder: { readonly model: string; readonly dimension: number } | null;
  readonly journal: Journal;
}

export interface Counts {
  readonly nodes: number;
  readonly edges: number;
  /** Nodes by label; one with two labels counts for both. */
  readonly labels: Readonly<Record<string, number>>;
  /** Edges by type. */
  readonly types: Readonly<Record<string, number>>;
}

/** How far the graph had come with the episodes that were handed in. */
export interface Journal {
  /** When the last of them was committed, in the graph's format; null for none. */
  readonly committed_at: string | null;
  /** When the last one was taken out again. */
  readonly removed_at: string | null;
  readonly committed: number;
  /** Recorded and not yet committed: their texts are there, their facts are not. */
  readonly open: number;
}

export interface Counting {
  add(element: Element): void;
  result(): Inventory;
}

/**
 * @param group whose graph it is
 * @param hashes those that are wanted; the others are empty texts
 */
export function openInventory(group: string, hashes?: readonly HashKind[]): Counting {
  const hash = openGraphHash(group, hashes);
  const [labels, types] = [new Map<string, number>(), new Map<string, number>()];
  const journal = { committed_at: null as string | null, removed_at: null as string | null, committed: 0, open: 0 };
  let embedder: Inventory['embedder'] = null;
  let [nodes, edges] = [0, 0];

  function note({ key, ...it }: Readonly<Record<string, unknown>>): void {
    if (key === 'embedder') embedder = { model: String(it.model), dimension: Number(it.dimension) };
    if (typeof key !== 'string' || !key.startsWith('episode:')) return;
    journal.committed_at = later(journal.committed_at, it.committed_at);
    journal.removed_at = later(journal.removed_at, it.removed_at);
    if (it.removed_at) return;
    if (it.committed_at) journal.committed += 1;
    else journal.open += 1;
  }

  return {
    add(element) {
      hash.add(element);
      if (isNode(element)) {
        nodes += 1;
        for (const label of element.labels) count(labels, label);
        if (element.labels.includes('_Meta')) note(element.properties);
      } else {
        edges += 1;
        count(types, element.type);
      }
    },
    result: () => ({
      counts: { nodes, edges, labels: sorted(labels), types: sorted(types) },
      hashes: hash.result(),
      embedder,
      journal,
    }),
  };
}

// The graph's times are written so that the order of texts is that of time.
const later = (one: string | null, other: unknown): string | null =>
  typeof other === 'string' && (one === null || other > one) ? other : one;

const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);

const sorted = (counts: Map<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
