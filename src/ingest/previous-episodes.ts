import type { Episode } from '../episode.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type PreviousRow, previousEpisodes } from '../graph/queries/record.ts';
import type { PreviousText } from '../models/language-model.ts';
import { plainText, truncated } from '../text.ts';
import { DAY, fromGraphTime, toGraphTime } from '../time.ts';

/** As in Graphiti. */
const COUNT = 10;
/** Characters of all together; about a thousand tokens. Graphiti shows whole episodes, four times over. */
const BUDGET = 4000;
const MAX_LENGTH = 1200;

/** The episodes before an episode, oldest first: the latest ones within the budget, long ones cut. */
export async function previousTexts(graph: GroupGraph, { uuid, referenceTime }: Episode): Promise<PreviousText[]> {
  const until = toGraphTime(referenceTime);
  const dayBefore = toGraphTime(new Date(Math.max(referenceTime.getTime() - DAY, 0)));
  const recent = await previousEpisodes(graph, uuid, until, dayBefore, COUNT);
  return withinBudget(recent.length < COUNT ? await previousEpisodes(graph, uuid, until, '0', COUNT) : recent);
}

/** @param latestFirst rows of the query */
export function withinBudget(latestFirst: readonly PreviousRow[]): PreviousText[] {
  const shown: PreviousText[] = [];
  let left = BUDGET;
  for (const { content, referenceTime } of latestFirst) {
    const text = truncated(plainText(content), Math.min(MAX_LENGTH, left));
    left -= text.length;
    shown.unshift({ content: text, referenceTime: fromGraphTime(referenceTime) ?? new Date(0) });
    if (left < MAX_LENGTH / 10) break;
  }
  return shown;
}
