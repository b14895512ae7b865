import type { GroupGraph } from '../graph/group-graph.ts';
import {
  type BriefingEpisode,
  episodesWithNotes,
  episodesWithTerms,
  latestEpisodes,
} from '../graph/queries/briefing.ts';
import { factsOfEpisodes } from '../graph/queries/episodes.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { factHoldsAt, instant } from '../graph/queries/time-conditions.ts';
import { parseJson } from '../json.ts';
import { noteTerm } from '../passages/passages.ts';
import { queryTerms } from '../passages/terms.ts';
import { findEndedSentences } from '../search/answer/outdated/ended-sentences.ts';
import { endedSentences } from '../statements/ended-ranges.ts';
import { parseSentences } from '../statements/sentence.ts';
import { type Statement, statementsOf } from '../statements/statement.ts';
import { NOTE_KEYS } from '../statements/statements-from-model.ts';
import { oneLine, truncated } from '../text.ts';
import { fromGraphTime } from '../time.ts';
import { ruleHash, unpinnedRules } from '../unpinned-rules.ts';
import { type SourcedLine, withoutDuplicates } from './line.ts';
import { RULE_WORDS, type Rule, replacesRule, ruleOf, rulesIn } from './rules.ts';
import { modelRules, openTasks } from './rules-from-model.ts';
import { pastSessions, sessionLine } from './sessions.ts';
import { MAX_MESSAGE, userSentences, userText } from './typed-by-user.ts';

export type { SourcedLine } from './line.ts';

/** The briefing of a session, the most important lines first in each part. */
export interface BriefingSections {
  readonly rules: readonly SourcedLine[];
  readonly tasks: readonly SourcedLine[];
  readonly decisions: readonly SourcedLine[];
  readonly facts: readonly SourcedLine[];
  readonly sessions: readonly SourcedLine[];
  /** Rules proposed by agents that the user has not confirmed. */
  readonly pending: number;
}

const [LATEST, MOST_FOUND] = [120, 300];
const [MOST_RULES, MOST_TASKS, MOST_DECISIONS, MOST_FACTS, MOST_SESSIONS] = [40, 30, 30, 40, 5];
/** At most this many facts are checked for later statements that end them. */
const MOST_CHECKED = 120;
const LONGEST_LINE = 300;
const LIMITS = { head: MAX_MESSAGE + 200, tail: 400, metadata: 2_000 };
const NOTES = ['rule', 'task', 'decision', 'fact'].map(noteTerm);

/** Reads the briefing for any session, with a few bounded queries and without a model. */
export async function makeBriefing(graph: GroupGraph, now: Date): Promise<BriefingSections> {
  const [latest, notes, spoken, read] = await Promise.all([
    latestEpisodes(graph, LATEST, LIMITS),
    found(graph, NOTES, null),
    found(graph, queryTerms(RULE_WORDS), 'user'),
    episodesWithNotes(graph, Object.values(NOTE_KEYS), MOST_FOUND, LIMITS),
  ]);
  const past = <T extends BriefingEpisode>(episodes: readonly T[]) =>
    episodes.filter(({ referenceTime }) => (fromGraphTime(referenceTime) ?? now) <= now);
  const episodes = [...new Map([...past(latest), ...past(spoken)].map((episode) => [episode.uuid, episode])).values()];
  const messages = episodes.flatMap((episode) => messageOf(episode));
  const noted = [...new Map([...notes, ...latest].map((episode) => [episode.uuid, episode])).values()].flatMap(noteOf);
  const confirmations = messages.flatMap(({ words }) => confirmedIn(words));
  const isInForce = (note: Note) =>
    note.kind === 'rule' && (note.isConfirmed || confirmations.some((uuid) => note.episode.startsWith(uuid)));
  // An agent's proposal does not replace the user's own statements.
  const replaced = replacedBy(noted.filter((note) => note.kind !== 'rule' || isInForce(note)));
  const replacedRules = replacedBy(noted.filter(isInForce));
  const lines = (kind: Note['kind']) =>
    noted.filter((note) => note.kind === kind && !replaced.has(note.episode)).map(lineOf);
  const confirmedRules = noted.filter(isInForce).map((note) => placed(ruleOf(note.text), lineOf(note)));
  const facts = await factsOfEpisodes(
    graph,
    past(latest).map(({ uuid }) => uuid),
  );
  const metadataOf = new Map([...notes, ...episodes, ...read].map(({ uuid, metadata }) => [uuid, metadata]));
  const isUnpinned = ({ text, episode }: SourcedLine) =>
    unpinnedRules(metadataOf.get(episode) ?? null).has(ruleHash(text));
  const others = [...confirmedRules, ...modelRules(past(read))];
  const rules = standing(messages, others, { replaced: replacedRules, isUnpinned }, now).slice(0, MOST_RULES);
  const tasks = [...lines('task'), ...openTasks(past(read)).filter(({ episode }) => !replaced.has(episode))];
  const [decisions, holding] = await Promise.all([
    notEnded(graph, lines('decision'), now),
    notEnded(graph, [...lines('fact'), ...ranked(facts, latest, replaced, now)].slice(0, MOST_CHECKED), now),
  ]);
  const shown = [...rules, ...tasks, ...decisions];
  return {
    rules,
    tasks: tasks.slice(0, MOST_TASKS),
    decisions: decisions.slice(0, MOST_DECISIONS),
    facts: withoutDuplicates(holding, shown).slice(0, MOST_FACTS),
    sessions: pastSessions(past(latest)).slice(0, MOST_SESSIONS).map(sessionLine),
    pending: noted.filter((note) => note.kind === 'rule' && !isInForce(note) && !replacedRules.has(note.episode))
      .length,
  };
}

/** Without the index, which a worker of this release creates, only the latest episodes are read. */
async function found(graph: GroupGraph, terms: readonly string[], role: string | null): Promise<BriefingEpisode[]> {
  try {
    return await episodesWithTerms(graph, terms, role, MOST_FOUND, LIMITS);
  } catch (error) {
    if (error instanceof Error && /index|attribute/i.test(error.message)) return [];
    throw error;
  }
}

interface Message {
  readonly words: string;
  readonly episode: BriefingEpisode;
}

function messageOf(episode: BriefingEpisode): Message[] {
  const words = userText(episode.content, episode.metadata);
  return words.trim() === '' ? [] : [{ words, episode }];
}

interface Note extends SourcedLine {
  readonly kind: 'fact' | 'decision' | 'rule' | 'task';
  readonly isConfirmed: boolean;
  readonly replaces: string | undefined;
}

/** The metadata of a note is short, so longer metadata is not read in full. */
function noteOf({ uuid, content, metadata, sourceDescription, referenceTime }: BriefingEpisode): Note[] {
  if (metadata === null || !/"kind":"(?:fact|decision|rule|task)"/.test(metadata)) return [];
  const read = parseJson(metadata) as Record<string, unknown> | undefined;
  const kind = (['fact', 'decision', 'rule', 'task'] as const).find((known) => known === read?.kind);
  if (!read || !kind) return [];
  const isConfirmed = kind === 'rule' && Boolean(read.confirmed);
  return [
    {
      kind,
      isConfirmed,
      text: truncated(oneLine(content), LONGEST_LINE),
      episode: uuid,
      time: referenceTime,
      source: kind === 'rule' ? 'user' : sourceDescription,
      replaces: typeof read.replaces === 'string' ? read.replaces : undefined,
    },
  ];
}

const lineOf = ({ text, episode, time, source }: SourcedLine): SourcedLine => ({ text, episode, time, source });

const replacedBy = (notes: readonly Note[]): Set<string> => new Set(notes.flatMap(({ replaces }) => replaces ?? []));

const CONFIRMS =
  /^(?:(?:yes|ok(?:ay)?|please)[,.!]? )*(?:i )?confirm(?:ed)?\b.*?\b([0-9a-f]{8}(?:-[0-9a-f-]{1,27})?)\b/i;

/** uuids, or their first eight digits, of rules that the user confirms in a turn. */
function confirmedIn(words: string): string[] {
  return userSentences(words).flatMap(({ text }) => {
    const uuid = text.endsWith('?') ? undefined : CONFIRMS.exec(text)?.[1];
    return uuid === undefined ? [] : [uuid.toLowerCase()];
  });
}

interface PlacedRule {
  readonly rule: Rule;
  readonly line: SourcedLine;
}

/** The rules that the user has ended by a command, or by a note that replaces them. */
interface EndedRules {
  /** Episodes. */
  readonly replaced: ReadonlySet<string>;
  readonly isUnpinned: (line: SourcedLine) => boolean;
}

/** Rules that no later message of the user has ended, the latest first. */
function standing(
  messages: readonly Message[],
  others: readonly PlacedRule[],
  { replaced, isUnpinned }: EndedRules,
  now: Date,
): SourcedLine[] {
  const all: PlacedRule[] = [
    ...messages.flatMap(({ words, episode: { uuid, referenceTime } }) =>
      rulesIn(words).map((rule) =>
        placed(rule, { text: rule.text, episode: uuid, time: referenceTime, source: 'user' }),
      ),
    ),
    ...others,
  ].filter(({ line }) => !replaced.has(line.episode));
  // The order is stable, because the last rule of a message counts.
  const latestFirst = all
    .reverse()
    .sort((a, b) => (a.line.time < b.line.time ? 1 : a.line.time > b.line.time ? -1 : 0));
  const statements = statementsIn(messages, latestFirst);
  const [kept, unpinned]: [PlacedRule[], PlacedRule[]] = [[], []];
  for (const candidate of latestFirst) {
    // An ended rule also ends the same rule in earlier messages.
    if ([...kept, ...unpinned].some(({ rule }) => replacesRule(rule, candidate.rule))) continue;
    if (isUnpinned(candidate.line)) unpinned.push(candidate);
    else if (!isEnded(candidate, statements, now)) kept.push(candidate);
  }
  return kept.map(({ line }) => line);
}

const placed = (rule: Rule, line: SourcedLine): PlacedRule => ({ rule, line });

/** The user's own statements that can end a rule; only the user's can. */
function statementsIn(messages: readonly Message[], rules: readonly PlacedRule[]): Statement[] {
  if (rules.length === 0) return [];
  return messages.flatMap(({ words, episode: { uuid, referenceTime } }) =>
    userSentences(words).flatMap(({ text }) =>
      statementsOf({ uuid, content: text, source: 'text', referenceTime: fromGraphTime(referenceTime) ?? new Date(0) }),
    ),
  );
}

function isEnded({ line }: PlacedRule, statements: readonly Statement[], now: Date): boolean {
  const statedAt = fromGraphTime(line.time);
  if (!statedAt) return false;
  const sentences = parseSentences({ content: line.text, source: 'text', referenceTime: statedAt });
  const later = statements.filter(({ episode }) => episode !== line.episode);
  return endedSentences({ sentences, episode: line.episode, saidAt: statedAt }, later, { asOf: now }).length > 0;
}

/** Current facts, ranked by the number of episodes that state them, how often their entities are mentioned, and how recent they are. */
function ranked(
  facts: readonly FactRow[],
  latest: readonly BriefingEpisode[],
  replaced: ReadonlySet<string>,
  now: Date,
): SourcedLine[] {
  const place = new Map(latest.map(({ uuid }, index) => [uuid, index]));
  const mentions = new Map<string, number>();
  for (const { sourceUuid, targetUuid, episodes } of facts)
    for (const entity of [sourceUuid, targetUuid]) mentions.set(entity, (mentions.get(entity) ?? 0) + episodes.length);
  const moment = { asOf: instant(now) };
  const holding = facts.filter(
    (fact) =>
      factHoldsAt(fact, moment) && !replaced.has(fact.uuid) && !fact.episodes.some((episode) => replaced.has(episode)),
  );
  const scored = holding.map((fact) => {
    const { episodes, sourceUuid, targetUuid } = fact;
    const latestSource = [...episodes].sort((a, b) => (place.get(a) ?? LATEST) - (place.get(b) ?? LATEST))[0] ?? '';
    const recency = 1 - (place.get(latestSource) ?? LATEST) / LATEST;
    const ofEntities = Math.log2(1 + (mentions.get(sourceUuid) ?? 0)) + Math.log2(1 + (mentions.get(targetUuid) ?? 0));
    return { fact, latestSource, score: Math.log2(1 + episodes.length) + ofEntities / 4 + recency };
  });
  return scored
    .sort((a, b) => b.score - a.score || (a.fact.uuid < b.fact.uuid ? -1 : 1))
    .map(({ fact, latestSource }) => ({
      text: truncated(oneLine(fact.fact), LONGEST_LINE),
      episode: latestSource,
      time: latest[place.get(latestSource) ?? -1]?.referenceTime ?? fact.createdAt,
      source: latest[place.get(latestSource) ?? -1]?.sourceDescription ?? 'memory',
      from: fact.validAt,
      until: fact.invalidAt,
    }));
}

/** Without lines that a later statement ends, because the fact in the graph may still have no end. */
async function notEnded(graph: GroupGraph, lines: readonly SourcedLine[], now: Date): Promise<SourcedLine[]> {
  const ended = await findEndedSentences(
    graph,
    lines.map(({ text, episode, time }, place) => ({ id: String(place), episode, text, start: 0, saidAt: time })),
    { asOf: instant(now) },
  );
  return lines.filter((_, place) => !(ended.get(String(place)) ?? []).some(({ isPart }) => !isPart));
}
