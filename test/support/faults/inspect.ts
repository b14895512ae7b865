import { type StoredNode, textOf, textsOf, type WholeGraph } from '../graphiti/whole-graph.ts';
import type { StoryEpisode } from './story.ts';

/** What is wrong with a graph; each entry names one thing. */
export interface GraphDefects {
  /** Acknowledged and not committed, or committed without what it says. */
  readonly lost: readonly string[];
  /** There more than once. */
  readonly duplicates: readonly string[];
  /** A part of a commit without the rest. */
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
    (it) => textOf(it, 'key').startsWith('episode:') && textOf(it, 'committed_at') !== '',
  );
  return new Set(notes.map((it) => textOf(it, 'key').slice('episode:'.length)));
}

function lostOf(graph: WholeGraph, acknowledged: readonly StoryEpisode[]): string[] {
  const committed = committedOf(graph);
  const raw = new Map(labelled(graph, 'Episodic').map((it) => [textOf(it, 'uuid'), it]));
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

/** What a failure shows of the episode's note. */
function noteOf(graph: WholeGraph, uuid: string): string {
  const note = graph.nodes.find((it) => textOf(it, 'key') === `episode:${uuid}`);
  return note ? JSON.stringify(note.properties) : 'it has no note';
}

function duplicatesOf(graph: WholeGraph): string[] {
  const entities = labelled(graph, 'Entity').map((it) => `entity ${textOf(it, 'name').toLowerCase()}`);
  const episodes = labelled(graph, 'Episodic').map((it) => `episode ${textOf(it, 'uuid')}`);
  const notes = labelled(graph, '_Meta').map((it) => `note ${textOf(it, 'key')}`);
  const edges = graph.edges.map((it) => {
    const told = it.type === 'RELATES_TO' ? ` ${textOf(it, 'fact')} from ${textOf(it, 'valid_at')}` : '';
    return `${it.type} ${it.source.uuid} ${it.target.uuid}${told}`;
  });
  const all = [...entities, ...episodes, ...notes, ...edges];
  const seen = new Set<string>();
  return all.filter((it) => seen.has(it) || !seen.add(it));
}

function halfWrittenOf(graph: WholeGraph): string[] {
  const committed = committedOf(graph);
  const facts = new Map(graph.edges.filter(({ type }) => type === 'RELATES_TO').map((it) => [textOf(it, 'uuid'), it]));
  const mentioned = new Set(graph.edges.filter(({ type }) => type === 'MENTIONS').map(({ target }) => target.uuid));
  const ends = (it: StoredNode) => textsOf(it, 'entity_edges').filter((uuid) => !facts.has(uuid));
  return [
    ...labelled(graph, 'Episodic').flatMap((it) => ends(it).map((uuid) => `${textOf(it, 'uuid')} lacks fact ${uuid}`)),
    ...labelled(graph, 'Episodic')
      .filter((it) => textsOf(it, 'entity_edges').length > 0 && !committed.has(textOf(it, 'uuid')))
      .map((it) => `${textOf(it, 'uuid')} has facts and is not committed`),
    ...[...facts.values()]
      .flatMap((it) => textsOf(it, 'episodes').filter((uuid) => !committed.has(uuid)))
      .map((uuid) => `${uuid} is told as the source of a fact and is not committed`),
    ...labelled(graph, 'Entity')
      .filter((it) => !mentioned.has(textOf(it, 'uuid')))
      .map((it) => `entity ${textOf(it, 'name')} is mentioned nowhere`),
  ];
}

function setOf<K, V>(map: Map<K, Set<V>>, key: K): Set<V> {
  const known = map.get(key) ?? new Set<V>();
  map.set(key, known);
  return known;
}
