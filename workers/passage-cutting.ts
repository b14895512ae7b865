import type { Graphs } from '../src/graph/graphs.ts';
import { countUncut, orphanedEpisodes } from '../src/graph/queries/passage-upkeep.ts';
import { episodesOfEarlierRules } from '../src/graph/queries/statements.ts';
import { PASSAGE_VERSION } from '../src/passages/passages.ts';
import type { Producer } from '../src/queue/producer.ts';
import { STATEMENT_RULES } from '../src/statements/statement.ts';
import { MINUTE } from '../src/time.ts';
import { runPeriodically } from './run-periodically.ts';

const PAUSE = 10 * MINUTE;

/**
 * Checks at the start and then regularly which memories have episodes without passages, passages without episodes or
 * statements of earlier rules, and queues a task for them.
 */
export function startPassageChecks(
  graphs: Pick<Graphs, 'group' | 'groups'>,
  producer: Pick<Producer, 'task'>,
  pause = PAUSE,
): { end(): Promise<void> } {
  const check = async () => {
    for (const group of await graphs.groups().catch(() => [])) {
      // A graph or queue that is unavailable is checked the next time.
      const graph = graphs.group(group);
      const [uncut, orphans, outdated] = await Promise.all([
        countUncut(graph, PASSAGE_VERSION),
        orphanedEpisodes(graph),
        episodesOfEarlierRules(graph, STATEMENT_RULES),
      ]).catch(() => [0, [], []] as const);
      if (uncut + orphans.length + outdated.length > 0)
        await producer.task(group, { kind: 'passages' }).catch(() => undefined);
    }
  };
  const first = check();
  const { end } = runPeriodically(pause, check);
  return {
    async end() {
      await end();
      await first;
    },
  };
}
