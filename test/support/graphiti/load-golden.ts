import { STOPWORDS } from '../../../src/graph/fulltext.ts';
import type { GroupGraph } from '../../../src/graph/group-graph.ts';
import { LABEL_PATTERN, type Param } from '../../../src/graph/query-text.ts';
import { type GoldenEdge, type GoldenGraph, type GoldenNode, goldenGraph, type Properties } from './golden.ts';

const WORDS = JSON.stringify(STOPWORDS);
/** graphiti_core 0.29, graph_queries.py, word for word. */
export const GRAPHITI_INDEXES: readonly string[] = [
  'CREATE INDEX FOR (n:Entity) ON (n.uuid, n.group_id, n.name, n.created_at)',
  'CREATE INDEX FOR (n:Episodic) ON (n.uuid, n.group_id, n.created_at, n.valid_at)',
  'CREATE INDEX FOR (n:Community) ON (n.uuid)',
  'CREATE INDEX FOR (n:Saga) ON (n.uuid, n.group_id, n.name)',
  'CREATE INDEX FOR ()-[e:RELATES_TO]-() ON (e.uuid, e.group_id, e.name, e.created_at, e.expired_at, e.valid_at, e.invalid_at)',
  'CREATE INDEX FOR ()-[e:MENTIONS]-() ON (e.uuid, e.group_id)',
  'CREATE INDEX FOR ()-[e:HAS_MEMBER]-() ON (e.uuid)',
  'CREATE INDEX FOR ()-[e:HAS_EPISODE]-() ON (e.uuid, e.group_id)',
  'CREATE INDEX FOR ()-[e:NEXT_EPISODE]-() ON (e.uuid, e.group_id)',
  `CALL db.idx.fulltext.createNodeIndex({label: 'Episodic', stopwords: ${WORDS}}, 'content', 'source', 'source_description', 'group_id')`,
  `CALL db.idx.fulltext.createNodeIndex({label: 'Entity', stopwords: ${WORDS}}, 'name', 'summary', 'group_id')`,
  `CALL db.idx.fulltext.createNodeIndex({label: 'Community', stopwords: ${WORDS}}, 'name', 'group_id')`,
  'CREATE FULLTEXT INDEX FOR ()-[e:RELATES_TO]-() ON (e.name, e.fact, e.group_id)',
];

/**
 * Writes the golden graph into an empty graph as Graphiti would for that group: with its indexes and without our own. Only
 * `group_id` differs, since the group is the graph's name. Works for any graph of the same shape.
 */
export async function loadGolden(graph: GroupGraph, { nodes, edges }: GoldenGraph = goldenGraph()): Promise<void> {
  for (const statement of GRAPHITI_INDEXES) await graph.write(statement);
  for (const [labels, alike] of Map.groupBy(nodes, ({ labels }) => labels.map(checked).join(':')))
    await graph.write(createNodes(labels), { rows: alike.map((node) => row(node, graph.group)) });
  for (const [type, alike] of Map.groupBy(edges, ({ type }) => checked(type)))
    await graph.write(createEdges(type), {
      rows: alike.map((edge) => ({ ...row(edge, graph.group), source: edge.source, target: edge.target })),
    });
}

function createNodes(labels: string): string {
  // vecf32(null) stores nothing. A WHERE after the CREATE would not help: FalkorDB 4.16 evaluates it before the CREATE.
  return `UNWIND $rows AS row CREATE (n:${labels}) SET n = row.properties SET n.name_embedding = vecf32(row.vector)`;
}

function createEdges(type: string): string {
  return `UNWIND $rows AS row MATCH (a {uuid: row.source}) MATCH (b {uuid: row.target})
          CREATE (a)-[e:${type}]->(b) SET e = row.properties SET e.fact_embedding = vecf32(row.vector)`;
}

function row({ properties }: GoldenNode | GoldenEdge, group: string): { [key: string]: Param } {
  const { name_embedding, fact_embedding, ...rest } = properties as Properties & Record<string, Param>;
  return { properties: { ...rest, group_id: group }, vector: name_embedding ?? fact_embedding ?? null };
}

// Labels cannot be query parameters, so they are checked before they become part of the query.
function checked(label: string): string {
  if (!LABEL_PATTERN.test(label)) throw new TypeError(`"${label}" cannot be a label`);
  return label;
}
