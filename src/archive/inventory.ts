import { createHash, hash } from 'node:crypto';
import { endianness } from 'node:os';
import { type Element, type ElementTypes, isNode, isVector, type Properties } from './graph-element.ts';

/** The contents of a graph or an archive, counted while its elements are read. */
export interface Inventory {
  readonly counts: GraphCounts;
  readonly hashes: GraphHashes;
  /** Null for a graph that only Python wrote. */
  readonly embedder: { readonly model: string; readonly dimension: number } | null;
  readonly journal: EpisodeProgress;
}

export interface GraphCounts {
  readonly nodes: number;
  readonly edges: number;
  /** Nodes by label; a node with two labels counts for both. */
  readonly labels: Readonly<Record<string, number>>;
  /** Edges by type. */
  readonly types: Readonly<Record<string, number>>;
}

/** How many episodes the graph had recorded and committed, and when. */
export interface EpisodeProgress {
  /** The time of the last commit, in the graph's format; null for none. */
  readonly committed_at: string | null;
  /** The time of the last removal of an episode. */
  readonly removed_at: string | null;
  readonly committed: number;
  /** Episodes that are recorded and not yet committed: the graph has their texts but not their facts. */
  readonly open: number;
}

export interface InventoryBuilder {
  add(element: Element): void;
  result(): Inventory;
}

/**
 * @param group the group of the graph
 * @param hashes the hashes to compute; the others are empty texts
 */
export function openInventory(group: string, hashes?: readonly HashKind[]): InventoryBuilder {
  const hash = openGraphHash(group, hashes);
  const [labels, types] = [new Map<string, number>(), new Map<string, number>()];
  const journal = { committed_at: null as string | null, removed_at: null as string | null, committed: 0, open: 0 };
  let embedder: Inventory['embedder'] = null;
  let [nodes, edges] = [0, 0];

  function note({ key, ...meta }: Readonly<Record<string, unknown>>): void {
    if (key === 'embedder') embedder = { model: String(meta.model), dimension: Number(meta.dimension) };
    if (typeof key !== 'string' || !key.startsWith('episode:')) return;
    journal.committed_at = later(journal.committed_at, meta.committed_at);
    journal.removed_at = later(journal.removed_at, meta.removed_at);
    if (meta.removed_at) return;
    if (meta.committed_at) journal.committed += 1;
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

// Times in the graph's format sort as text in the order of time.
const later = (one: string | null, other: unknown): string | null =>
  typeof other === 'string' && (one === null || other > one) ? other : one;

const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);

const sorted = (counts: Map<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));

/** Hashes that are equal for two graphs with the same contents, independent of FalkorDB's ids and the order of elements. */
export interface GraphHashes {
  /** Over all labels, types and properties. A restored graph has the hash of its archive, in any group. */
  readonly exact: string;
  /** The same without system times and token use: equal for a graph that was built again from the same episodes. */
  readonly timeless: string;
  /** Like `exact`, but covers only the presence of vectors, so that they need not be read. */
  readonly vectorless: string;
}

export type HashKind = keyof GraphHashes;

export interface GraphHash {
  add(element: Element): void;
  result(): GraphHashes;
}

const TIMES = new Set(['created_at', 'use']);
/** Times that are hashed only as present or missing. */
const MARKS = new Set(['expired_at', 'committed_at', 'removed_at']);

/**
 * The sum, modulo 2²⁵⁶, of the SHA-256 of each element, which does not depend on the order and needs no memory. The number of the last
 * lease, the change id and the group's name are left out, because they are not content of the memory.
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

function property(name: string, properties: Properties, types: ElementTypes | undefined, group: string): Told[number] {
  const value = properties[name];
  if (isVector(name, value, types)) return [name, digest(vectorBytes(value)).toString('hex'), 'Vectorf32'];
  if (name === 'group_id' && value === group) return [name, null];
  const type = types?.[name];
  return type === undefined ? [name, value] : [name, value, type];
}

function withoutTimes(properties: Told): Told {
  return properties.flatMap((property) =>
    TIMES.has(property[0]) ? [] : MARKS.has(property[0]) ? [[property[0], true] as const] : [property],
  );
}

function withoutVectors(properties: Told): Told {
  return properties.map((property) =>
    property[2] === 'Vectorf32' ? ([property[0], true, property[2]] as const) : property,
  );
}

/** The properties of an element that each hash covers. */
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
