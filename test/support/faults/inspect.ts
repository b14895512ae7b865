import { type StoredNode, textOf, textsOf, type WholeGraph } from '../graphiti/whole-graph.ts';
import type { StoryEpisode } from './story.ts';

/** The defects of a graph, one per entry. */
export interface GraphDefects {
  /** Acknowledged episodes that are not committed, or committed without their fact. */
  readonly lost: readonly string[];
  /** Elements that exist more than once. */
  readonly duplicates: readonly string[];
  /** Commits that are only partly written. */
  readonly halfWritten: readonly string[];
}

export const NO_DEFECTS: GraphDefects = { lost: [], duplicates: [], halfWritten: [] };

/** Compares a graph with the episodes that were acknowledged for it. */
export function inspectGraph(graph: WholeGraph, acknowledged: readonly StoryEpisode[]): GraphDefects {
  const lost = lostOf(graph, acknowledged);
  return { lost, duplicates: duplicatesOf(graph), halfWritten: halfWrittenOf(graph) };
}

const labelled = (graph: WholeGraph, label: string) => graph.nodes.filter(({ labels }) => labels.includes(label));

function committedOf(graph: WholeGraph): Set<string> {
  const notes = graph.nodes.filter(
    (element) => textOf(element, 'key').startsWith('episode:') && textOf(element, 'committed_at') !== '',
  );
  return new Set(notes.map((element) => textOf(element, 'key').slice('episode:'.length)));
}

function lostOf(graph: WholeGraph, acknowledged: readonly StoryEpisode[]): string[] {
  const committed = committedOf(graph);
  const raw = new Map(labelled(graph, 'Episodic').map((element) => [textOf(element, 'uuid'), element]));
  const supports = new Map<string, Set<string>>();
  for (const edge of graph.edges)
    for (const uuid of textsOf(edge, 'episodes')) setOf(supports, uuid).add(textOf(edge, 'fact'));
  return acknowledged.flatMap(({ uuid, content, ownFact }) => {
    const episode = raw.get(uuid);
    if (!episode) return [`${uuid} is not there`];
    if (textOf(episode, 'content') !== content) return [`${uuid} has another text`];
    if (!committed.has(uuid)) return [`${uuid} is not committed: ${noteOf(graph, uuid)}`];
    return supports.get(uuid)?.has(ownFact) ? [] : [`${uuid} is committed and its fact is missing`];
  });
}

/** The episode's note, for a failure message. */
function noteOf(graph: WholeGraph, uuid: string): string {
  const note = graph.nodes.find((element) => textOf(element, 'key') === `episode:${uuid}`);
  return note ? JSON.stringify(note.properties) : 'it has no note';
}

function duplicatesOf(graph: WholeGraph): string[] {
  const entities = labelled(graph, 'Entity').map((element) => `entity ${textOf(element, 'name').toLowerCase()}`);
  const episodes = labelled(graph, 'Episodic').map((element) => `episode ${textOf(element, 'uuid')}`);
  const notes = labelled(graph, '_Meta').map((element) => `note ${textOf(element, 'key')}`);
  const edges = graph.edges.map((element) => {
    const statement =
      element.type === 'RELATES_TO' ? ` ${textOf(element, 'fact')} from ${textOf(element, 'valid_at')}` : '';
    return `${element.type} ${element.source.uuid} ${element.target.uuid}${statement}`;
  });
  const all = [...entities, ...episodes, ...notes, ...edges];
  const seen = new Set<string>();
  return all.filter((element) => seen.has(element) || !seen.add(element));
}

function halfWrittenOf(graph: WholeGraph): string[] {
  const committed = committedOf(graph);
  const facts = new Map(
    graph.edges.filter(({ type }) => type === 'RELATES_TO').map((element) => [textOf(element, 'uuid'), element]),
  );
  const mentioned = new Set(graph.edges.filter(({ type }) => type === 'MENTIONS').map(({ target }) => target.uuid));
  const ends = (element: StoredNode) => textsOf(element, 'entity_edges').filter((uuid) => !facts.has(uuid));
  return [
    ...labelled(graph, 'Episodic').flatMap((element) =>
      ends(element).map((uuid) => `${textOf(element, 'uuid')} lacks fact ${uuid}`),
    ),
    ...labelled(graph, 'Episodic')
      .filter((element) => textsOf(element, 'entity_edges').length > 0 && !committed.has(textOf(element, 'uuid')))
      .map((element) => `${textOf(element, 'uuid')} has facts and is not committed`),
    ...[...facts.values()]
      .flatMap((element) => textsOf(element, 'episodes').filter((uuid) => !committed.has(uuid)))
      .map((uuid) => `${uuid} is told as the source of a fact and is not committed`),
    ...labelled(graph, 'Entity')
      .filter((element) => !mentioned.has(textOf(element, 'uuid')))
      .map((element) => `entity ${textOf(element, 'name')} is mentioned nowhere`),
  ];
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  const known = map.get(key) ?? new Set<V>();
  map.set(key, known);
  return known;
}
