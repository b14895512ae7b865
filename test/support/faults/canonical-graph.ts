import { createHash } from 'node:crypto';
import {
  type StoredEdge,
  type StoredElement,
  type StoredNode,
  textOf,
  type WholeGraph,
} from '../graphiti/whole-graph.ts';

/** Properties that differ each time the same work is done: times, models and prices. */
const LEFT_OUT = new Set(['created_at', 'expired_at', 'known', 'group_id', 'use', 'token', 'uuid']);
/** A model writes a summary that has grown too long. Its time and facts depend on the order of arrival. */
const isWrittenByModel = (summary: string) => summary.startsWith('Summary of ');
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * All nodes, edges and properties as sorted lines, equal for equivalent graphs: uuids are replaced by the names of their elements
 * and system times are left out.
 */
export function canonicalLines(graph: WholeGraph, long: ReadonlySet<string> = waitingForSummaries(graph)): string[] {
  const nameOfUuid = meaningOfUuids(graph);
  const named = (text: string) => text.replace(UUID, (uuid) => `<${nameOfUuid.get(uuid) ?? 'unknown uuid'}>`);
  const propertiesOf = (stored: StoredElement, isEpisode: boolean) =>
    Object.entries(stored.properties)
      .filter(([name, value]) => !LEFT_OUT.has(name) && !(isEpisode && name === 'name') && value !== null)
      .map(([name, value]) => [name, long.has(textOf(stored, 'uuid')) && name === 'summary' ? LONG : value] as const)
      .map(([name, value]) => `${name}=${name === 'committed_at' ? 'set' : JSON.stringify(plain(name, value, named))}`)
      .sort()
      .join(' ');
  const nodes = graph.nodes
    .filter((node) => node.properties.key !== 'fence' && !isLongNote(node))
    .map((node) => `(${[...node.labels].sort().join(':')}) ${propertiesOf(node, node.labels.includes('Episodic'))}`);
  const end = ({ uuid }: { uuid: string | null }) => nameOfUuid.get(uuid ?? '') ?? 'unknown end';
  const edges = graph.edges.map(
    (edge) => `${end(edge.source)} -${edge.type}-> ${end(edge.target)} ${propertiesOf(edge, false)}`,
  );
  return [...nodes, ...edges].sort();
}

const LONG = 'long';
const isLongNote = ({ properties }: StoredNode) => String(properties.key).startsWith('long:');

/**
 * The lines that differ between two states of one graph. A task may write summaries at any time, so the summary of
 * an entity that waits for a new one in either state is not compared.
 */
export function changesBetween(before: WholeGraph, after: WholeGraph): string[] {
  const long = new Set([...waitingForSummaries(before), ...waitingForSummaries(after)]);
  return differences(canonicalLines(before, long), canonicalLines(after, long));
}

/** Uuids of entities whose summary has grown too long, until a task writes it. */
function waitingForSummaries({ nodes }: WholeGraph): Set<string> {
  return new Set(nodes.filter(isLongNote).map((note) => textOf(note, 'entity')));
}

export function graphHash(graph: WholeGraph): string {
  return createHash('sha256').update(canonicalLines(graph).join('\n')).digest('hex');
}

/** Lists of texts and lines of a summary are compared as sets, and vector elements without rounding differences. */
function plain(name: string, value: unknown, named: (text: string) => string): unknown {
  if (name.endsWith('_embedding')) return (value as number[]).map((element) => Math.round(element * 1e4));
  if (name === 'summary')
    return value === LONG || isWrittenByModel(String(value)) ? LONG : String(value).split('\n').sort();
  if (typeof value === 'string') return named(value);
  return Array.isArray(value)
    ? value.map((element) => (typeof element === 'string' ? named(element) : element)).sort()
    : value;
}

function meaningOfUuids({ nodes, edges }: WholeGraph): Map<string, string> {
  const node = (element: StoredNode): string => {
    const text = element.labels.includes('Episodic')
      ? `${textOf(element, 'valid_at')} ${textOf(element, 'content')}`
      : textOf(element, 'name');
    return `${element.labels[0]} ${text.toLowerCase()}`;
  };
  const nameOfUuid = new Map(
    nodes.flatMap((element) => (textOf(element, 'uuid') ? [[textOf(element, 'uuid'), node(element)] as const] : [])),
  );
  // Passages and statements have their own id properties instead of uuids.
  for (const element of nodes) {
    const [id] = [
      textOf(element, 'passage'),
      element.labels.includes('_Statement') ? textOf(element, 'id') : '',
    ].filter(Boolean);
    // A passage's vector has the passage's id, so only the passage itself may set the name.
    if (id && textOf(element, 'episode') && !element.labels.includes('_PassageVector'))
      nameOfUuid.set(
        id,
        `${element.labels[0]} ${element.properties.start} ${nameOfUuid.get(textOf(element, 'episode')) ?? 'unknown episode'}`,
      );
  }
  const edge = (element: StoredEdge): string => {
    const ends = [element.source, element.target].map(({ uuid }) => nameOfUuid.get(uuid ?? ''));
    return `${element.type} ${ends.join(' to ')} ${textOf(element, 'fact')} ${textOf(element, 'valid_at')}`;
  };
  for (const element of edges) if (textOf(element, 'uuid')) nameOfUuid.set(textOf(element, 'uuid'), edge(element));
  return nameOfUuid;
}

const SHOWN = 5;

/** The lines that only one of two graphs has, the first few of each; nothing for graphs of the same hash. */
export function differences(expected: readonly string[], found: readonly string[]): string[] {
  const only = (lines: readonly string[], others: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
    return lines.filter((line) => {
      const left = counts.get(line) ?? 0;
      counts.set(line, left - 1);
      return left <= 0;
    });
  };
  const [missing, added] = [only(expected, found), only(found, expected)];
  return [
    ...missing.slice(0, SHOWN).map((line) => `missing: ${withoutVectors(line)}`),
    ...added.slice(0, SHOWN).map((line) => `added: ${withoutVectors(line)}`),
  ];
}

const withoutVectors = (line: string) => line.replace(/\w+_embedding=\[[^\]]*\]/, '');
