/** The kind of a property's value. A date is a String in Python's format, a vector a `Vectorf32`. */
export type PropertyKind = 'text' | 'date' | 'texts' | 'vector';

export interface Shape {
  readonly mandatory: Readonly<Record<string, PropertyKind>>;
  readonly optional: Readonly<Record<string, PropertyKind>>;
  /** True if users' attributes are stored beside Graphiti's own properties. */
  readonly takesAttributes: boolean;
}

const shape = (mandatory: Shape['mandatory'], optional: Shape['optional'] = {}, takesAttributes = false): Shape => ({
  mandatory,
  optional,
  takesAttributes,
});
const named = { uuid: 'text', name: 'text', group_id: 'text', created_at: 'date' } as const;
const joining = shape({ uuid: 'text', group_id: 'text', created_at: 'date' });

/** Graphiti's nodes (graphiti_core 0.29, bulk form), by the label that identifies them. */
export const NODES: Readonly<Record<string, Shape>> = {
  Episodic: shape({
    ...named,
    source: 'text',
    source_description: 'text',
    content: 'text',
    entity_edges: 'texts',
    valid_at: 'date',
  }),
  Entity: shape({ ...named, summary: 'text', name_embedding: 'vector', labels: 'texts' }, {}, true),
  Community: shape({ ...named, summary: 'text', name_embedding: 'vector' }),
  Saga: shape(
    { ...named, summary: 'text' },
    {
      first_episode_uuid: 'text',
      last_episode_uuid: 'text',
      last_summarized_at: 'date',
      last_summarized_episode_valid_at: 'date',
    },
  ),
};

export const EDGES: Readonly<Record<string, Shape>> = {
  MENTIONS: joining,
  HAS_MEMBER: joining,
  HAS_EPISODE: joining,
  NEXT_EPISODE: joining,
  RELATES_TO: shape(
    {
      ...named,
      source_node_uuid: 'text',
      target_node_uuid: 'text',
      fact: 'text',
      fact_embedding: 'vector',
      episodes: 'texts',
    },
    { valid_at: 'date', invalid_at: 'date', expired_at: 'date', reference_time: 'date' },
    true,
  ),
};

/** Which nodes an edge may join: labels of the source, labels of the target. */
export const EDGE_ENDS: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  MENTIONS: [['Episodic'], ['Entity']],
  RELATES_TO: [['Entity'], ['Entity']],
  HAS_MEMBER: [['Community'], ['Entity', 'Community']],
  HAS_EPISODE: [['Saga'], ['Episodic']],
  NEXT_EPISODE: [['Episodic'], ['Episodic']],
};

/** Our own labels, which Python never reads. */
export const PRIVATE_LABELS: readonly string[] = ['_Meta', '_Alias', '_Statement', '_Passage', '_PassageVector'];

export const SOURCES: readonly string[] = ['message', 'text', 'json', 'fact_triple'];
