import { pythonDate } from './python-date.ts';
import { kindOf } from './rules/structure.ts';
import type { StoredEdge, StoredElement, StoredNode, WholeGraph } from './whole-graph.ts';

/** An error that Python would raise. */
export class PythonError extends Error {
  override name = 'PythonError';
}

/** A graph as graphiti_core 0.29 has it in memory; dates are instants in milliseconds. */
export interface PythonGraph {
  readonly entities: readonly PythonEntity[];
  readonly episodes: readonly PythonEpisode[];
  readonly communities: readonly PythonNamed[];
  readonly sagas: readonly PythonNamed[];
  readonly facts: readonly PythonFact[];
  /** MENTIONS, HAS_MEMBER, HAS_EPISODE, NEXT_EPISODE. */
  readonly joins: readonly PythonJoin[];
}

export interface PythonNamed {
  readonly uuid: string;
  readonly name: string;
  readonly group_id: string;
  readonly created_at: number;
}
export interface PythonEntity extends PythonNamed {
  readonly labels: readonly string[];
  readonly summary: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}
export interface PythonEpisode extends PythonNamed {
  readonly source: string;
  readonly content: string;
  readonly source_description: string;
  readonly valid_at: number;
  readonly entity_edges: readonly string[];
}
export interface PythonFact extends PythonNamed {
  readonly source_node_uuid: string;
  readonly target_node_uuid: string;
  readonly fact: string;
  readonly episodes: readonly string[];
  readonly valid_at: number | null;
  readonly invalid_at: number | null;
  readonly expired_at: number | null;
  readonly reference_time: number | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}
export interface PythonJoin extends Omit<PythonNamed, 'name'> {
  readonly type: string;
  readonly source_node_uuid: string;
  readonly target_node_uuid: string;
}

/**
 * Reads every node and edge that Python looks at the way its record parsers and models do (nodes.py, edges.py).
 * @throws PythonError where Python would raise
 */
export function readAsPython({ nodes, edges }: WholeGraph): PythonGraph {
  const of = (kind: string) => nodes.filter((node) => kindOf(node) === kind);
  return {
    entities: of('Entity').map(entity),
    episodes: of('Episodic').map(episode),
    communities: of('Community').map((element) => ({ ...named(element), summary: text(element, 'summary') })),
    sagas: of('Saga').map(saga),
    facts: edges.filter(({ type }) => type === 'RELATES_TO').map(fact),
    joins: edges.filter(({ type }) => JOINS.includes(type)).map(join),
  };
}

const JOINS = ['MENTIONS', 'HAS_MEMBER', 'HAS_EPISODE', 'NEXT_EPISODE'];
const SOURCES = ['message', 'json', 'text', 'fact_triple'];
const LABEL = /^[A-Za-z_][A-Za-z0-9_]*$/;
const OF_ENTITIES = ['uuid', 'name', 'group_id', 'name_embedding', 'summary', 'created_at', 'labels'];
const OF_FACTS = [
  ...['uuid', 'source_node_uuid', 'target_node_uuid', 'fact', 'fact_embedding', 'name', 'group_id', 'episodes'],
  ...['created_at', 'expired_at', 'valid_at', 'invalid_at', 'reference_time'],
];

function entity(node: StoredNode): PythonEntity {
  const group = text(node, 'group_id');
  const labels = node.labels.filter((label) => label !== `Entity_${group.replaceAll('-', '')}`);
  for (const label of labels) if (!LABEL.test(label)) throw new PythonError(`NodeLabelValidationError: ${label}`);
  return { ...named(node), labels, summary: text(node, 'summary'), attributes: without(node, OF_ENTITIES) };
}

function episode(node: StoredNode): PythonEpisode {
  const source = text(node, 'source');
  if (!SOURCES.includes(source)) throw new PythonError(`NotImplementedError: Episode source ${source} not implemented`);
  return {
    ...named(node),
    source,
    content: text(node, 'content'),
    source_description: text(node, 'source_description'),
    valid_at: mandatoryDate(node, 'valid_at'),
    entity_edges: texts(node, 'entity_edges'),
  };
}

function saga(node: StoredNode): PythonNamed {
  for (const name of ['last_summarized_at', 'last_summarized_episode_valid_at']) date(node, name);
  for (const name of ['first_episode_uuid', 'last_episode_uuid']) if (name in node.properties) text(node, name);
  return { ...named(node), ...('summary' in node.properties && { summary: text(node, 'summary') }) };
}

function fact(edge: StoredEdge): PythonFact {
  return {
    ...named(edge),
    ...ends(edge),
    fact: text(edge, 'fact'),
    episodes: texts(edge, 'episodes'),
    valid_at: date(edge, 'valid_at'),
    invalid_at: date(edge, 'invalid_at'),
    expired_at: date(edge, 'expired_at'),
    reference_time: date(edge, 'reference_time'),
    attributes: without(edge, OF_FACTS),
  };
}

function join(edge: StoredEdge): PythonJoin {
  return {
    type: edge.type,
    uuid: text(edge, 'uuid'),
    group_id: text(edge, 'group_id'),
    created_at: mandatoryDate(edge, 'created_at'),
    ...ends(edge),
  };
}

function named(element: StoredElement): PythonNamed {
  return {
    uuid: text(element, 'uuid'),
    name: text(element, 'name'),
    group_id: text(element, 'group_id'),
    created_at: mandatoryDate(element, 'created_at'),
  };
}

function ends({ source, target }: StoredEdge) {
  if (source.uuid === null || target.uuid === null) throw new PythonError('ValidationError: an end without uuid');
  return { source_node_uuid: source.uuid, target_node_uuid: target.uuid };
}

function without({ properties }: StoredElement, known: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !known.includes(name)));
}

function text({ properties }: StoredElement, name: string): string {
  const value = properties[name];
  if (typeof value === 'string') return value;
  throw new PythonError(`ValidationError: ${name} should be a valid string, not ${JSON.stringify(value)}`);
}

function texts({ properties }: StoredElement, name: string): string[] {
  const value = properties[name];
  if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  throw new PythonError(`ValidationError: ${name} should be a valid list of strings, not ${JSON.stringify(value)}`);
}

function mandatoryDate(element: StoredElement, name: string): number {
  const found = date(element, name);
  if (found === null) throw new PythonError(`ValueError: ${name} cannot be None`);
  return found;
}

// Like `parse_db_date`, which treats a value that is not text as missing.
function date({ properties }: StoredElement, name: string): number | null {
  const value = properties[name];
  if (typeof value !== 'string') return null;
  const found = pythonDate(value);
  if (found === undefined) throw new PythonError(`ValueError: Invalid isoformat string: ${JSON.stringify(value)}`);
  return found;
}
