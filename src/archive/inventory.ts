import { createHash, hash } from 'node:crypto';
import { endianness } from 'node:os';
import { type Element, isNode, isVector, type Properties, type Types } from './element.ts';

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
 * @param hashes the hashes to compute; the others are empty texts
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

/** What two graphs that hold the same have in common, whatever FalkorDB's numbers and the order of their elements. */
export interface GraphHashes {
  /** Of all labels, types and properties. A restored graph has that of its archive, in whatever group. */
  readonly exact: string;
  /** The same without the system's own times and the models' costs: a graph that was built again from the same episodes has it too. */
  readonly timeless: string;
  /** As `exact`, but of vectors only that they are there, so that it can be worked out without reading them. */
  readonly vectorless: string;
}

export type HashKind = keyof GraphHashes;

export interface GraphHash {
  add(element: Element): void;
  result(): GraphHashes;
}

const TIMES = new Set(['created_at', 'use']);
/** Times of which only the presence is hashed. */
const MARKS = new Set(['expired_at', 'committed_at', 'removed_at']);

/**
 * The sum, modulo 2²⁵⁶, of the SHA-256 of each element, which needs neither order nor memory. Left out are the number of the lease
 * that wrote last and its mark, which say nothing of what is remembered, and the group's own name.
 * @param group whose graph it is
 * @param kinds the hashes to compute; the others are empty texts
 */
export function openGraphHash(
  group: string,
  kinds: readonly HashKind[] = ['exact', 'timeless', 'vectorless'],
): GraphHash {
  const sums = kinds.map((kind) => ({ kind, seen: SEEN[kind], sum: openSum() }));
  const result = (hashKind: HashKind) => sums.find(({ kind }) => kind === hashKind)?.sum.result() ?? '';
  return {
    add(element) {
      const { head, properties } = hashedParts(element, group);
      for (const { seen, sum } of sums) sum.add(digest(JSON.stringify([...head, seen(properties)])));
    },
    result: () => ({ exact: result('exact'), timeless: result('timeless'), vectorless: result('vectorless') }),
  };
}

type Told = readonly (readonly [name: string, value: unknown, type?: string])[];

function hashedParts(element: Element, group: string): { head: readonly unknown[]; properties: Told } {
  const { properties, types } = element;
  const isFence = isNode(element) && element.labels.includes('_Meta') && properties.key === 'fence';
  const names = Object.keys(properties)
    .filter((name) => !isFence || name === 'key')
    .sort();
  return {
    head: isNode(element)
      ? ['node', [...element.labels].sort()]
      : ['edge', element.type, element.source, element.target],
    properties: names.map((name) => property(name, properties, types, group)),
  };
}

function property(name: string, properties: Properties, types: Types | undefined, group: string): Told[number] {
  const value = properties[name];
  if (isVector(name, value, types)) return [name, digest(vectorBytes(value)).toString('hex'), 'Vectorf32'];
  if (name === 'group_id' && value === group) return [name, null];
  const type = types?.[name];
  return type === undefined ? [name, value] : [name, value, type];
}

function withoutTimes(properties: Told): Told {
  return properties.flatMap((it) => (TIMES.has(it[0]) ? [] : MARKS.has(it[0]) ? [[it[0], true] as const] : [it]));
}

function withoutVectors(properties: Told): Told {
  return properties.map((it) => (it[2] === 'Vectorf32' ? ([it[0], true, it[2]] as const) : it));
}

/** What of an element's properties each hash is made of. */
const SEEN: Readonly<Record<HashKind, (properties: Told) => Told>> = {
  exact: (properties) => properties,
  timeless: withoutTimes,
  vectorless: withoutVectors,
};

/** The same on every machine. */
function vectorBytes(vector: readonly number[]): Buffer {
  if (IS_LITTLE) return Buffer.from(Float32Array.from(vector).buffer);
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  for (let index = 0; index < vector.length; index += 1) bytes.writeFloatLE(vector[index] ?? 0, index * 4);
  return bytes;
}

const digest = (data: string | Buffer): Buffer => hash('sha256', data, 'buffer');

const IS_LITTLE = endianness() === 'LE';
const LANES = 8;

function openSum() {
  const sum = new Uint32Array(LANES);
  let count = 0;
  return {
    add(bytes: Buffer): void {
      count += 1;
      let carry = 0;
      for (let lane = 0; lane < LANES; lane += 1) {
        carry += (sum[lane] ?? 0) + bytes.readUInt32LE(lane * 4);
        sum[lane] = carry;
        carry = carry > 0xffffffff ? 1 : 0;
      }
    },
    result: () =>
      createHash('sha256')
        .update(`${count}:${Array.from(sum, (lane) => lane.toString(16).padStart(8, '0')).join('')}`)
        .digest('hex'),
  };
}
