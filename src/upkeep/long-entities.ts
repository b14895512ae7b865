import type { GroupGraph } from '../graph/group-graph.ts';
import { type LongEntity, readLongEntities, writeEntitySummaries } from '../graph/queries/entities.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import type { SummarySubject } from '../models/language-model.ts';
import { storableText, takeWithinBudget, type UpkeepParts, writeUnderLease } from './write-under-lease.ts';

/** As in Graphiti. */
const MOST_IN_A_CALL = 30;
/** Facts that are shorter in total are the summary themselves; the commit writes it. */
const SHORT = 2000;
const LONGEST_TEXT = 4000;

/** Shortens the summary of every listed entity, thirty in a call. @returns how many */
export async function summarizeLongEntities(parts: UpkeepParts, group: string): Promise<number> {
  const graph = parts.graphs.group(group);
  let count = 0;
  for (let after = ''; ; ) {
    const noted = await readLongEntities(graph, { asOf: instant(new Date()) }, after, MOST_IN_A_CALL);
    const last = noted.at(-1);
    if (!last) return count;
    after = last.key;
    count += await shortenSummaries(parts, graph, noted);
  }
}

async function shortenSummaries(parts: UpkeepParts, graph: GroupGraph, noted: readonly LongEntity[]): Promise<number> {
  const long = noted.filter(({ facts }) => facts.join('\n').length > SHORT);
  const { summaries } = long.length > 0 ? await parts.languageModel.summarize(long.map(subject)) : { summaries: [] };
  const shortened = new Map(
    long.flatMap(({ uuid }, place) => {
      const summary = storableText(summaries[place]?.text ?? '');
      return summary === '' ? [] : [[uuid, summary]];
    }),
  );
  const written = noted
    .filter(({ uuid }) => uuid !== '')
    .map(({ key, uuid, summary }) => ({ key, uuid, was: summary, summary: shortened.get(uuid) ?? summary }));
  const missingKeys = noted.filter(({ uuid }) => uuid === '').map(({ key }) => key);
  await writeUnderLease(parts, graph, (fenced) =>
    writeEntitySummaries(graph, { ...fenced, summaries: written, gone: missingKeys }),
  );
  return shortened.size;
}

/** The newest facts that fit, sorted by time. */
function subject({ name, summary, facts }: LongEntity): SummarySubject {
  return { kind: 'entity', name, previousSummary: summary, texts: takeWithinBudget(facts, LONGEST_TEXT).reverse() };
}
