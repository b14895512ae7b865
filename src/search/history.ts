import type { GroupGraph } from '../graph/group-graph.ts';
import { entityHistory, findEntitiesByName } from '../graph/queries/entities.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import { withCurrentSummaries } from './answer/current-summaries.ts';
import { typeOf } from './results.ts';
import { inOrder, type TimelineFact } from './timeline.ts';

/** All facts about an entity, current and ended. */
export interface EntityHistoryRows {
  /** The entities with this name; several when they share it, none when it is unknown. */
  readonly entities: readonly { name: string; type: string; uuid: string; summary: string }[];
  /**
   * Each fact with two intervals: it held from `validAt` to `invalidAt` and was known from `createdAt`, its end (or that it
   * never was so) from `expiredAt`. In the order in which they began to hold, those without a beginning first.
   */
  readonly facts: readonly TimelineFact[];
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
  return {
    entities: current.map(({ name, labels, uuid, summary }) => ({ name, type: typeOf(labels), uuid, summary })),
    facts: await inOrder(graph, rows),
  };
}
