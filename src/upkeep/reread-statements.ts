import type { GroupGraph } from '../graph/group-graph.ts';
import { episodesToCut } from '../graph/queries/passage-upkeep.ts';
import { episodesOfEarlierRules, replaceStatements } from '../graph/queries/statements.ts';
import { STATEMENT_RULES, statementsOf, statementUuids } from '../statements/statement.ts';
import { fromGraphTime } from '../time.ts';

const AT_ONCE = 50;

/**
 * Reads the statements of episodes again that an earlier release read with other rules. What a model read stays. It needs no lease: a text
 * that changes meanwhile is left to the next run. Returns the number of episodes.
 */
export async function rereadStatements(graph: GroupGraph): Promise<number> {
  const outdated = await episodesOfEarlierRules(graph, STATEMENT_RULES);
  for (let from = 0; from < outdated.length; from += AT_ONCE) {
    const episodes = await episodesToCut(graph, outdated.slice(from, from + AT_ONCE));
    const read = episodes.map(({ uuid, content, source, time }) => {
      const referenceTime = fromGraphTime(time);
      const statements = referenceTime ? statementsOf({ uuid, content, source, referenceTime }) : [];
      return { uuid, content, statements, before: statementUuids(uuid) };
    });
    await replaceStatements(graph, read, STATEMENT_RULES);
  }
  return outdated.length;
}
