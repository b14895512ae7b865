import type { GroupGraph } from '../../graph/group-graph.ts';
import { instant } from '../../graph/queries/time-conditions.ts';
import { typeOf } from '../../search/results.ts';
import type { GroupOptions } from '../options.ts';
import type { Services } from '../services.ts';
import { cachedRead, checkEntityName } from './cached-read.ts';
import type { TimelineFactRow } from './timeline.ts';

export interface HistoryOptions extends GroupOptions {
  /** False: read from the graph even if the answer is cached. */
  readonly cache?: boolean;
}

/** All facts about an entity, current and ended. */
export interface EntityHistoryRows {
  /** The entities with this name; several when they share it, none when it is unknown. */
  readonly entities: readonly { name: string; type: string; uuid: string; summary: string }[];
  /**
   * Each fact with two intervals: it held from `validAt` to `invalidAt` and was known from `createdAt`, its end (or that it
   * never was so) from `expiredAt`. In the order in which they began to hold, those without a beginning first.
   */
  readonly facts: readonly TimelineFactRow[];
}

/** @param entity a name in upper or lower case, an alias or a uuid @throws InvalidInputError */
export async function getHistory(
  services: Services,
  entity: string,
  options: HistoryOptions,
): Promise<EntityHistoryRows> {
  const name = checkEntityName(entity);
  return cachedRead(services, options, {
    question: { ask: 'history', entity: name },
    changesWithTime: true,
    isAnswer: (value) => Array.isArray((value as Partial<EntityHistoryRows>).facts),
    compute: (graph) => findHistory(graph, name),
  });
}

async function findHistory(graph: GroupGraph, name: string): Promise<EntityHistoryRows> {
  const [{ entityHistory, findEntitiesByName }, { withCurrentSummaries }, { withEndsAndSources }] = await Promise.all([
    import('../../graph/queries/entities.ts'),
    import('../../search/answer/outdated/current-summaries.ts'),
    import('./timeline.ts'),
  ]);
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
    facts: await withEndsAndSources(graph, rows),
  };
}
