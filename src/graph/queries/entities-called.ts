import { derivedUuid } from '../../derived-uuid.ts';
import { oneLine, sameKey, spellings } from '../../text.ts';
import { allWords } from '../fulltext.ts';
import type { GroupGraph } from '../group-graph.ts';

/** Entities that somebody may mean. `name` is what was asked for. */
export interface CalledEntity {
  readonly asked: string;
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
}

/** Entities that have one of the names, in any writing of case, or one as an alias or as their uuid. */
export function entitiesCalled(graph: GroupGraph, names: readonly string[]): Promise<CalledEntity[]> {
  const asked = names.flatMap((name) => {
    const forms = [...spellings(oneLine(name)), { name, key: sameKey(name) }];
    return forms.map((it) => ({
      asked: name,
      name: it.name,
      wanted: it.key,
      words: allWords(it.name),
      key: `alias:${it.key}`,
      made: derivedUuid('entity', graph.group, it.key),
    }));
  });
  const worded = asked.filter(({ words }) => words !== '');
  return graph.read(
    `CALL {
       UNWIND $asked AS x
       MATCH (n:Entity) WHERE n.uuid = x.name OR n.name = x.name
       RETURN n, x.asked AS asked
       UNION
       UNWIND $asked AS x
       MATCH (n:Entity {uuid: x.made})
       RETURN n, x.asked AS asked
       UNION
       UNWIND $worded AS x
       CALL db.idx.fulltext.queryNodes('Entity', x.words) YIELD node AS n
       WITH n, x WHERE toLower(trim(n.name)) = x.wanted
       RETURN n, x.asked AS asked
       UNION
       UNWIND $asked AS x
       MATCH (m:_Meta {key: x.key})
       WITH m, x
       MATCH (n:Entity {uuid: m.entity})
       RETURN n, x.asked AS asked
       UNION
       UNWIND $worded AS x
       CALL db.idx.fulltext.queryNodes('_Alias', x.words) YIELD node AS m
       WITH m, x WHERE toLower(trim(m.alias)) = x.wanted
       MATCH (n:Entity {uuid: m.entity})
       RETURN n, x.asked AS asked
     }
     RETURN DISTINCT asked, n.uuid AS uuid, n.name AS name, labels(n) AS labels, coalesce(n.summary, '') AS summary
     ORDER BY name, uuid`,
    { asked, worded },
  );
}
