import { searchTerms } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { factsAbout } from '../graph/queries/entities.ts';
import { mentionedBy } from '../graph/queries/episodes.ts';
import { factConditions } from '../graph/queries/filter-conditions.ts';
import { searchFactsByWords } from '../graph/queries/search-facts.ts';
import { statementsByKey, statementsOfEpisodes } from '../graph/queries/statements.ts';
import { instant } from '../graph/queries/time-conditions.ts';
import { oneLine } from '../text.ts';
import { toGraphTime } from '../time.ts';
import { partsOfFacts } from './answer/outdated/current-content.ts';
import { findEndedSentences, type ShownPart } from './answer/outdated/ended-sentences.ts';
import { COMMON_TERM_ROWS } from './recipes/widening.ts';

/** Episodes whose effects are looked at; facts of the entities that they mention, or that share words with their statements. */
const [MOST_EPISODES, MOST_STATEMENTS, MOST_FACTS] = [50, 20, 300];

/**
 * Sentences of other episodes that only these episodes make outdated: facts without an end in the graph, and other statements. They become
 * current again when the episodes are forgotten.
 */
export async function sentencesEndedOnlyBy(
  graph: GroupGraph,
  episodes: readonly string[],
  now: Date,
): Promise<{ readonly uuid: string; readonly fact: string }[]> {
  const ending = episodes.slice(0, MOST_EPISODES);
  if (ending.length === 0) return [];
  const [entities, statements] = await Promise.all([mentionedBy(graph, ending), statementsOfEpisodes(graph, ending)]);
  const moment = { asOf: instant(now) };
  const holding = factConditions(moment, {});
  const words = [...new Set(statements.slice(0, MOST_STATEMENTS).flatMap(({ text }) => searchTerms(text)))];
  const [named, worded, similar] = await Promise.all([
    factsAbout(graph, [...entities], holding, MOST_FACTS),
    words.length > 0 ? searchFactsByWords(graph, words, holding, MOST_FACTS, COMMON_TERM_ROWS) : [],
    statementsByKey(graph, [...new Set(statements.map(({ key }) => key))]),
  ]);
  const facts = [...new Map([...named, ...worded].map((fact) => [fact.uuid, fact])).values()];
  const forgotten = new Set(episodes);
  const others = [
    ...partsOfFacts(facts.filter((fact) => !fact.episodes.every((episode) => forgotten.has(episode)))),
    ...similar
      .filter(({ kind, episode }) => kind === 'holds' && !forgotten.has(episode))
      .map(({ uuid, episode, text, start, saidAt }) => ({
        ...{ id: uuid, episode, text, start, saidAt: toGraphTime(saidAt) },
      })),
  ];
  const [before, after] = await Promise.all([
    findEndedSentences(graph, others, moment),
    findEndedSentences(graph, others, moment, forgotten),
  ]);
  const isOver = (ended: typeof before, { id }: ShownPart) => (ended.get(id) ?? []).some(({ isPart }) => !isPart);
  const current = others.filter((part) => isOver(before, part) && !isOver(after, part));
  // A fact and the statement from which it comes are one sentence.
  const bySentence = new Map(current.map((part) => [oneLine(part.text).replace(/[.!]$/, ''), part] as const).reverse());
  return [...bySentence.values()].reverse().map(({ id, text }) => ({ uuid: id, fact: oneLine(text) }));
}
