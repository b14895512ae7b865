import { DEFAULT_BUDGET } from '../../briefing/render.ts';
import { type AnswerParts, answerSections, renderAnswersOrNone, rulesAbout } from '../../memory/answer-block.ts';
import { briefingOf } from '../../memory/briefing.ts';
import { searchByWords } from '../../memory/recall.ts';
import type { Services } from '../../memory/services.ts';
import { EMBEDDERS } from '../../models/declarations.ts';

/** The results of one memory, with the briefing whose rules may apply to the question; undefined for none. */
export interface MemoryAnswers extends Omit<AnswerParts, 'rules'> {
  readonly briefing: Pick<AnswerParts, 'rules'> | undefined;
}

/**
 * The answers of several memories as one block within a budget of tokens.
 * @param isOfNow false for an answer about another time
 */
export function renderAnswerBlock(
  query: string,
  found: readonly MemoryAnswers[],
  budget: number,
  isOfNow = true,
): string {
  return renderAnswersOrNone(
    found.map(({ briefing, ...parts }) =>
      answerSections({ ...parts, rules: rulesAbout(query, briefing) }, budget, isOfNow),
    ),
    budget,
  );
}

/** Searches several groups and prints the best answers as one block. By meaning only if a server computes the vectors. */
export async function searchGroups(
  services: Services,
  groups: readonly string[],
  query: string,
  limit: number,
): Promise<string> {
  const results = await Promise.all(
    groups.map(async (group) => {
      const [found, briefing] = await Promise.all([
        askOne(services, group, query, limit),
        briefingOf(services, group).catch(() => undefined),
      ]);
      return { ...found, briefing };
    }),
  );
  const all = results.flatMap(({ facts, passages = [] }) => [...facts, ...passages]);
  const best = new Set<unknown>(all.sort((a, b) => b.score - a.score).slice(0, limit));
  const isBest = (item: unknown): boolean => best.has(item);
  return renderAnswerBlock(
    query,
    results.map(({ briefing, facts, passages = [] }) => ({
      briefing,
      facts: facts.filter(isBest),
      passages: passages.filter(isBest),
    })),
    DEFAULT_BUDGET,
  );
}

/**
 * Asks by meaning only if a server makes the vectors. Other embedders would load a hundred megabytes into the agent's process; a search by words
 * needs none.
 */
async function askOne(services: Services, group: string, query: string, limit: number) {
  if (!EMBEDDERS[services.config.embeddings.provider].isRemote) return searchByWords(services, group, query, limit);
  const { runQuery } = await import('../../memory/query.ts');
  return runQuery(services, query, limit, { group }).catch(() => searchByWords(services, group, query, limit));
}
