import { DEFAULT_BUDGET, type TitledSection } from '../briefing/render.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { sentencesOf } from '../passages/sentences.ts';
import { recalledSentences } from '../redaction/recall-marks.ts';
import type { SearchRecipe } from '../search/recipes/recipes.ts';
import type { FoundItems } from '../search/results.ts';
import { redactError } from '../telemetry/redact-error.ts';
import { SECOND } from '../time.ts';
import { withTimeout } from '../with-timeout.ts';
import { answerSections, rulesAbout } from './answer-block.ts';
import { briefingOf } from './briefing.ts';
import { isSearchResult } from './query.ts';
import { RECALL_TARGET_MS } from './recall-target.ts';
import { nextChange, type Services } from './services.ts';

/** By words only, because a model's answer would take longer than a user should wait. */
const BY_WORDS: SearchRecipe = {
  facts: { methods: ['words'], ranker: 'rrf' },
  answer: true,
};
const NOTHING: FoundItems = { facts: [], episodes: [], passages: [] };
/** How long to wait for the cache. */
const PATIENCE = 40;

/**
 * Searches a group by the question's words: in the cache, or in the graph if Valkey does not answer.
 * @throws StoreUnreachableError and the like
 */
export async function searchByWords(
  services: Services,
  group: string,
  query: string,
  limit: number,
): Promise<FoundItems> {
  const search = () => wordSearch(services, group, query, limit);
  const reader = await services.reader();
  const cached = reader.read(group, { ask: 'recall', query, limit }, search, {
    isUsable: isSearchResult,
    changesAt: nextChange(services, group),
  });
  let timer: NodeJS.Timeout | undefined;
  const directly = new Promise<FoundItems>((resolve, reject) => {
    timer = setTimeout(() => search().then(resolve, reject), PATIENCE);
    timer.unref?.();
  });
  try {
    return await Promise.any([cached, directly]);
  } finally {
    clearTimeout(timer);
    directly.catch(() => undefined);
  }
}

async function wordSearch(services: Services, group: string, query: string, limit: number): Promise<FoundItems> {
  const [graphs, { search }, { readEmbedder }] = await Promise.all([
    services.graphs(),
    import('../search/search.ts'),
    import('../graph/queries/meta-nodes.ts'),
  ]);
  const graph = graphs.group(group);
  const noted = await readEmbedder(graph);
  if (!noted) return NOTHING;
  // No vector is compared, so that it does not matter which model made those that are there.
  const anyVectors: GroupGraph = { ...graph, check: async () => true };
  const embedder = { model: noted.model ?? '', dimension: noted.dimension, embed: noModel, close: async () => {} };
  return search({ graph: anyVectors, embedder, languageModel: noModel }, query, { recipe: BY_WORDS, limit });
}

async function noModel(): Promise<never> {
  throw new Error('A search by words asks no model.');
}

export interface RecallOptions {
  /** Maximum number of facts and passages. */
  readonly limit: number;
  readonly timeoutMs: number;
  /** Episodes of the session itself, which the agent has before it. */
  readonly own: ReadonlySet<string>;
  /** Sentences that the agent already has. */
  readonly known: ReadonlySet<string>;
}

/** How an answer was found; `late` when there was none in time. */
export type RecallOutcome = 'meaning' | 'words' | 'late' | 'failed';

export interface RecallResult {
  /** Rules, facts and passages about the question, as `renderAnswers` takes them. */
  readonly sections: readonly TitledSection[];
  readonly outcome: RecallOutcome;
  /** Whether there was no answer within `RECALL_TARGET_MS`. */
  readonly isLate: boolean;
  /** Why it failed, without content. */
  readonly reason?: string;
}

interface Answer {
  readonly found: FoundItems;
  readonly outcome: 'meaning' | 'words';
}

/** Share of the time for getting the vector; the search itself needs the rest. */
const MEANING_SHARE = 0.75;
const LONGEST_FOR_MEANING = 1 * SECOND;
/** Usually a worker returns the vector sooner; then a search by words, which takes as long again, is not needed. */
const MEANING_GRACE = 50;
/** Rules that are not in the cache are in the next briefing; an answer does not wait for them. */
const RULES_GRACE = 20;

/**
 * Searches a group for a question: by words and by meaning if a worker returns the question's vector in time, otherwise by words only. The
 * user's own questions, and lines that the agent has already, are left out. Never throws and never takes longer than `timeoutMs`.
 */
export async function recallSections(
  services: Services,
  group: string,
  question: string,
  { limit, timeoutMs, own, known }: RecallOptions,
): Promise<RecallResult> {
  const began = performance.now();
  // Some of the best results may be the session's own episodes.
  const most = limit + Math.min(own.size, limit);
  let words: Promise<Answer> | undefined;
  const byWords = () => {
    words ??= searchByWords(services, group, question, most).then((found) => ({ found, outcome: 'words' }));
    words.catch(() => {});
    return words;
  };
  const grace = setTimeout(byWords, Math.min(MEANING_GRACE, timeoutMs / 4));
  grace.unref?.();
  const forMeaning = Math.min(timeoutMs * MEANING_SHARE, LONGEST_FOR_MEANING);
  const meaning = byMeaning(services, group, question, most, forMeaning)
    .then(
      (found): Answer => ({ found, outcome: 'meaning' }),
      () => undefined,
    )
    .finally(() => clearTimeout(grace));
  const quickest: Promise<Answer> = withTimeout(forMeaning, meaning, () => undefined).then(
    (found) => found ?? byWords(),
  );
  const ofBriefing = briefedRules(services, group, question).catch(() => []);
  let reason: string | undefined;
  const answer = await withTimeout(timeoutMs, quickest, () => 'late' as const).catch((error: unknown) => {
    reason = redactError(error).message;
    return 'failed' as const;
  });
  const isLate = answer === 'late' || (answer !== 'failed' && performance.now() - began > RECALL_TARGET_MS);
  const outcome = typeof answer === 'string' ? answer : answer.outcome;
  services.metrics.increment('opencode.memory.recall', { outcome: isLate ? 'late' : outcome });
  if (typeof answer === 'string') return { sections: [], outcome, isLate, ...(reason !== undefined && { reason }) };
  const rules = await withTimeout(RULES_GRACE, ofBriefing, () => []);
  const found = firstOf(best(withoutOwn(answer.found, own)), limit);
  return { sections: withoutKnown(answerSections({ ...found, rules }, DEFAULT_BUDGET), known), outcome, isLate };
}

const briefedRules = async (services: Services, group: string, question: string) =>
  rulesAbout(question, await briefingOf(services, group));

/** Without lines whose sentences the agent has already. */
export const withoutKnown = (sections: readonly TitledSection[], known: ReadonlySet<string>): TitledSection[] =>
  sections.map((section) => ({ ...section, lines: section.lines.filter((line) => !isKnown(line, known)) }));

/** The best facts and passages, at most `limit` together, without facts that one of the passages states. */
function firstOf({ facts, passages = [], ...rest }: FoundItems, limit: number): FoundItems {
  const shown = new Set(passages.map(({ uuid }) => uuid));
  const others = facts.filter(({ statedIn }) => statedIn === undefined || !shown.has(statedIn));
  const first = new Set<unknown>([...others, ...passages].sort((a, b) => b.score - a.score).slice(0, limit));
  return {
    ...rest,
    facts: others.filter((fact) => first.has(fact)),
    passages: passages.filter((passage) => first.has(passage)),
  };
}

/** @throws Error where no worker gave a vector in time, or one of another model than the memory's */
async function byMeaning(
  services: Services,
  group: string,
  query: string,
  limit: number,
  timeoutMs: number,
): Promise<FoundItems> {
  const reader = await services.reader();
  const search = async (): Promise<FoundItems> => {
    const [vectors, graphs, { search, RECIPES }, { readEmbedder }] = await Promise.all([
      services.questionVectors(),
      services.graphs(),
      import('../search/search.ts'),
      import('../graph/queries/meta-nodes.ts'),
    ]);
    const graph = graphs.group(group);
    const [question, noted] = await Promise.all([vectors.ask(query, timeoutMs), readEmbedder(graph)]);
    if (!question || noted?.model !== question.model || noted.dimension !== question.vector.length)
      throw new Error('There is no vector of the question.');
    const embedder = {
      model: question.model,
      dimension: noted.dimension,
      embed: async (texts: readonly string[]) => texts.map(() => [...question.vector]),
      close: async () => {},
    };
    const anyVectors: GroupGraph = { ...graph, check: async () => true };
    const languageModel = () => Promise.reject(new Error('A recall asks no language model.'));
    return search({ graph: anyVectors, embedder, languageModel }, query, { recipe: RECIPES.default, limit });
  };
  return reader.read(group, { ask: 'recall by meaning', query, limit }, search, {
    isUsable: isSearchResult,
    changesAt: nextChange(services, group),
  });
}

const ASKS = /[?？]["'”’)\]]*$/;
const REQUESTS =
  /^(?:(?:please|now|then|and|also|ok(?:ay)?|great|good|thanks|can you|could you|let us|let's)[,:.!]? )*(?:add|allow|bring|build|bump|change|check|clean|close|commit|configure|connect|continue|convert|create|debug|delete|deploy|describe|document|draw|drop|explain|export|extend|find|finish|fix|format|generate|get|give|go|help|implement|import|improve|install|investigate|list|look|make|merge|migrate|move|open|optimi[sz]e|print|publish|pull|push|put|read|refactor|release|remove|rename|repair|replace|restart|revert|review|rewrite|rework|run|search|send|set|show|simplify|speed|split|start|stop|summari[sz]e|tell|test|translate|try|turn|undo|update|upgrade|verify|write) (?!\d|(?:is|are|was|were|has|have|had|of|fail|fails|failed|takes?|took|runs|ran|does|did|needs?|must|can|will)\b)/i;

function withoutOwn({ facts, passages = [], ...rest }: FoundItems, own: ReadonlySet<string>): FoundItems {
  return {
    ...rest,
    facts: facts.filter(({ episodes }) => episodes.length === 0 || !episodes.every((episode) => own.has(episode))),
    passages: passages
      .map((passage) => ({ ...passage, excerpt: answerOf(passage.excerpt) }))
      .filter(({ episode, role, excerpt }) => !own.has(episode.uuid) && !(role === 'user' && isOnlyRequest(excerpt))),
  };
}

/** Recall was not requested, so results far behind the best are left out; a search finds them. */
const OF_BEST = 0.75;

function best({ facts, passages = [], ...rest }: FoundItems): FoundItems {
  const least = OF_BEST * Math.max(0, ...[...facts, ...passages].map(({ score }) => score));
  const isNear = ({ score }: { readonly score: number }) => score >= least;
  return { ...rest, facts: facts.filter(isNear), passages: passages.filter(isNear) };
}

/** The answer, if the excerpt is a question with its answer. */
function answerOf(excerpt: string): string {
  const [, question, answer] = /^user: ([\s\S]*?)\s+(assistant: [\s\S]*)$/.exec(excerpt) ?? [];
  return answer !== undefined && isOnlyRequest(question ?? '') ? answer : excerpt;
}

/** Whether a message is only a request. Its result is in the agent's answer. */
export function isOnlyRequest(message: string): boolean {
  const words = message.replace(/^user: /, '');
  return sentencesOf(words).every(({ start, end }) => {
    const sentence = words.slice(start, end).trim();
    return ASKS.test(sentence) || REQUESTS.test(sentence);
  });
}

/** True when the agent has every sentence of the line; the text in brackets after it does not count. */
function isKnown(line: string, known: ReadonlySet<string>): boolean {
  const sentences = recalledSentences(line);
  return sentences.length > 0 && sentences.every((sentence) => known.has(sentence));
}
