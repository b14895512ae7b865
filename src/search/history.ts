import type { GroupGraph } from '../graph/group-graph.ts';
import { entityHistory, findEntitiesByName } from '../graph/queries/entities.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { instant, normalizedTime } from '../graph/queries/time-conditions.ts';
import { withCurrentSummaries } from './answer/current-summaries.ts';
import { typeOf } from './results.ts';

/** All facts about an entity, current and ended. */
export interface EntityHistoryRows {
  /** The entities with this name; several when they share it, none when it is unknown. */
  readonly entities: readonly { name: string; type: string; uuid: string; summary: string }[];
  /**
   * Each fact with two intervals: it held from `validAt` to `invalidAt` and was known from `createdAt`, its end (or that it
   * never was so) from `expiredAt`. In the order in which they began to hold, those without a beginning first.
   */
  readonly facts: readonly FactRow[];
}

/** @param name an entity's name in upper or lower case, its alias or its uuid */
export async function historyOf(graph: GroupGraph, name: string): Promise<EntityHistoryRows> {
  const called = await findEntitiesByName(graph, [name]);
  const rows =
    called.length > 0
      ? await entityHistory(
          graph,
          called.map(({ uuid }) => uuid),
        )
      : [];
  const current = await withCurrentSummaries(graph, called, { asOf: instant(new Date()) });
  const order = ({ validAt, createdAt, uuid }: FactRow) =>
    [normalizedTime(validAt) ?? '', normalizedTime(createdAt) ?? '', uuid].join('\n');
  return {
    entities: current.map(({ name, labels, uuid, summary }) => ({ name, type: typeOf(labels), uuid, summary })),
    facts: rows
      .map((fact) => ({ fact, key: order(fact) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ fact }) => fact),
  };
}
