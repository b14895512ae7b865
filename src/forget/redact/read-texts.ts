import { type Element, isNode, type Properties } from '../../archive/graph-element.ts';
import { readPages } from '../../archive/read-pages.ts';
import type { EpisodeSource } from '../../episode.ts';
import type { GroupGraph } from '../../graph/group-graph.ts';
import { exportExtent } from '../../graph/queries/export.ts';
import { episodeKey } from '../../graph/queries/record.ts';

/** An element of the graph that has texts. Dates, uuids and vectors are left out. */
export type TextElement =
  | ({ readonly kind: 'episode'; readonly uuid: string; readonly content: string; readonly source: EpisodeSource } & {
      readonly name: string;
      readonly description: string;
    })
  /** The `_Meta` node of an episode; it comes before the episode. */
  | { readonly kind: 'note'; readonly episode: string; readonly metadata: string | null; readonly told: string | null }
  | { readonly kind: 'alias'; readonly key: string; readonly alias: string; readonly entity: string }
  | ({ readonly kind: 'evidence'; readonly key: string } & {
      readonly supports: readonly string[];
      readonly rivals: readonly string[];
      readonly wordings: readonly string[];
    })
  | ({ readonly kind: 'entity' | 'saga' | 'community'; readonly uuid: string; readonly name: string } & {
      readonly summary: string;
      readonly attributes: Properties;
    })
  | ({ readonly kind: 'fact'; readonly uuid: string; readonly source: string; readonly target: string } & {
      readonly relation: string;
      readonly fact: string;
      readonly episodes: readonly string[];
      readonly attributes: Properties;
    })
  /** Also of an episode in a saga. */
  | { readonly kind: 'mention'; readonly episode: string; readonly entity: string };

/** Every text of a graph, page by page. Passages and statements are left out: they are derived from their episodes. */
export async function* readTexts(graph: GroupGraph): AsyncGenerator<readonly TextElement[]> {
  const { last } = await exportExtent(graph);
  for await (const page of readPages(graph, { last, dimension: 0, depth: 'without vectors' }))
    yield page.flatMap((element) => textsOf(element) ?? []);
}

function textsOf(element: Element): TextElement | undefined {
  const { properties } = element;
  const text = (name: string) => (typeof properties[name] === 'string' ? (properties[name] as string) : '');
  const list = (name: string) => (Array.isArray(properties[name]) ? (properties[name] as string[]) : []);
  if (!isNode(element)) {
    const { source, target } = element;
    if (element.type === 'MENTIONS') return { kind: 'mention', episode: source, entity: target };
    if (element.type === 'HAS_EPISODE') return { kind: 'mention', episode: target, entity: source };
    if (element.type !== 'RELATES_TO') return undefined;
    return {
      ...{ kind: 'fact', uuid: text('uuid'), source, target, relation: text('name'), fact: text('fact') },
      ...{ episodes: list('episodes'), attributes: attributesOf(properties) },
    };
  }
  const has = (label: string) => element.labels.includes(label);
  const uuid = text('uuid');
  if (has('Episodic'))
    return {
      ...{ kind: 'episode', uuid, content: text('content'), source: text('source') as EpisodeSource },
      ...{ name: text('name'), description: text('source_description') },
    };
  for (const [label, kind] of NAMED)
    if (has(label))
      return { kind, uuid, name: text('name'), summary: text('summary'), attributes: attributesOf(properties) };
  return has('_Meta') ? noteOf(properties, text, list) : undefined;
}

const NAMED = [
  ['Entity', 'entity'],
  ['Saga', 'saga'],
  ['Community', 'community'],
] as const;

function noteOf(
  properties: Properties,
  text: (name: string) => string,
  list: (name: string) => string[],
): TextElement | undefined {
  const key = text('key');
  if (key.startsWith('alias:')) return { kind: 'alias', key, alias: text('alias'), entity: text('entity') };
  if (key.startsWith('fact:'))
    return { kind: 'evidence', key, supports: list('supports'), rivals: list('rivals'), wordings: list('wordings') };
  if (!key.startsWith(episodeKey(''))) return undefined;
  const orNull = (name: string) => (typeof properties[name] === 'string' ? (properties[name] as string) : null);
  return {
    kind: 'note',
    episode: key.slice(episodeKey('').length),
    metadata: orNull('metadata'),
    told: orNull('told'),
  };
}

/** Properties of Graphiti's own; all others are attributes. */
const OWN = new Set([
  ...['uuid', 'name', 'group_id', 'labels', 'summary', 'name_embedding', 'fact', 'fact_embedding', 'episodes'],
  ...['created_at', 'expired_at', 'valid_at', 'invalid_at', 'reference_time', 'source_node_uuid', 'target_node_uuid'],
  ...['first_episode_uuid', 'last_episode_uuid', 'last_summarized_at', 'last_summarized_episode_valid_at'],
]);

const attributesOf = (properties: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([name]) => !OWN.has(name)));
