import type { GroupGraph } from '../graph/group-graph.ts';
import {
  type BriefedEpisode,
  episodesWithNotes,
  episodesWithTerms,
  latestEpisodes,
} from '../graph/queries/briefing.ts';
import { factsOfEpisodes } from '../graph/queries/episodes.ts';
import { instant } from '../graph/queries/moment.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { parseJson } from '../json.ts';
import { noteTerm } from '../passages/passages.ts';
import { queryTerms } from '../passages/terms.ts';
import { endedIn } from '../search/what-holds.ts';
import { endedRanges } from '../statements/endings.ts';
import { NOTE_KEYS } from '../statements/read-notes.ts';
import { sentencesOf } from '../statements/sentence.ts';
import { type Statement, statementsOf } from '../statements/statement.ts';
import { oneLine, shortened } from '../text.ts';
import { fromGraphTime } from '../time.ts';
import { type BriefingLine, withoutDuplicates } from './line.ts';
import { openTasks, rulesRead } from './read-notes.ts';
import { RULE_WORDS, type Rule, replacesRule, ruleOf, rulesIn } from './rules.ts';
import { sessionLine, sessionsOf } from './sessions.ts';
import { LONGEST_MESSAGE, ownSentences, userWords } from './user-words.ts';

export type { BriefingLine } from './line.ts';

/** The briefing of a session, the most important lines first in each part. */
export interface Briefing {
  readonly rules: readonly BriefingLine[];
  readonly tasks: readonly BriefingLine[];
  readonly decisions: readonly BriefingLine[];
  readonly facts: readonly BriefingLine[];
  readonly sessions: readonly BriefingLine[];
  /** Rules proposed by agents that the user has not confirmed. */
  readonly pending: number;
}

const [LATEST, MOST_FOUND] = [120, 300];
const [MOST_RULES, MOST_TASKS, MOST_DECISIONS, MOST_FACTS, MOST_SESSIONS] = [40, 30, 30, 40, 5];
/** At most this many facts are checked for later statements that end them. */
const MOST_CHECKED = 120;
const LONGEST_LINE = 300;
const EXTENT = { head: LONGEST_MESSAGE + 200, tail: 400, metadata: 2_000 };
const NOTES = ['rule', 'task', 'decision', 'fact'].map(noteTerm);

/** Reads what a session should know whatever it is about. A few queries, each bounded; no model is asked. */
export async function makeBriefing(graph: GroupGraph, now: Date): Promise<Briefing> {
  const [latest, notes, spoken, read] = await Promise.all([
    latestEpisodes(graph, LATEST, EXTENT),
    found(graph, NOTES, null),
    found(graph, queryTerms(RULE_WORDS), 'user'),
    episodesWithNotes(graph, Object.values(NOTE_KEYS), MOST_FOUND, EXTENT),
  ]);
  const past = <T extends BriefedEpisode>(episodes: readonly T[]) =>
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
  const rules = standing(messages, [...confirmedRules, ...rulesRead(past(read))], replacedRules, now).slice(
    0,
    MOST_RULES,
  );
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
    sessions: sessionsOf(past(latest)).slice(0, MOST_SESSIONS).map(sessionLine),
    pending: noted.filter((note) => note.kind === 'rule' && !isInForce(note) && !replacedRules.has(note.episode))
      .length,
  };
}

/** A graph that no worker of this release has prepared has no such index yet; its latest episodes tell what they can. */
async function found(graph: GroupGraph, terms: readonly string[], role: string | null): Promise<BriefedEpisode[]> {
  try {
    return await episodesWithTerms(graph, terms, role, MOST_FOUND, EXTENT);
  } catch (error) {
    if (error instanceof Error && /index|attribute/i.test(error.message)) return [];
    throw error;
  }
}

interface Message {
  readonly words: string;
  readonly episode: BriefedEpisode;
}

function messageOf(episode: BriefedEpisode): Message[] {
  const words = userWords(episode.content, episode.metadata);
  return words.trim() === '' ? [] : [{ words, episode }];
}

interface Note extends BriefingLine {
  readonly kind: 'fact' | 'decision' | 'rule' | 'task';
  readonly isConfirmed: boolean;
  readonly replaces: string | undefined;
}

/** Metadata of notes are short; what is cut is no note. */
function noteOf({ uuid, content, metadata, sourceDescription, referenceTime }: BriefedEpisode): Note[] {
  if (metadata === null || !/"kind":"(?:fact|decision|rule|task)"/.test(metadata)) return [];
  const read = parseJson(metadata) as Record<string, unknown> | undefined;
  const kind = (['fact', 'decision', 'rule', 'task'] as const).find((known) => known === read?.kind);
  if (!read || !kind) return [];
  const isConfirmed = kind === 'rule' && Boolean(read.confirmed);
  return [
    {
      kind,
      isConfirmed,
      text: shortened(oneLine(content), LONGEST_LINE),
      episode: uuid,
      time: referenceTime,
      by: kind === 'rule' ? 'user' : sourceDescription,
      replaces: typeof read.replaces === 'string' ? read.replaces : undefined,
    },
  ];
}

const lineOf = ({ text, episode, time, by }: BriefingLine): BriefingLine => ({ text, episode, time, by });

const replacedBy = (notes: readonly Note[]): Set<string> => new Set(notes.flatMap(({ replaces }) => replaces ?? []));

const CONFIRMS =
  /^(?:(?:yes|ok(?:ay)?|please)[,.!]? )*(?:i )?confirm(?:ed)?\b.*?\b([0-9a-f]{8}(?:-[0-9a-f-]{1,27})?)\b/i;

/** uuids, or their first eight digits, of rules that the user confirms in a turn. */
function confirmedIn(words: string): string[] {
  return ownSentences(words).flatMap(({ text }) => {
    const uuid = text.endsWith('?') ? undefined : CONFIRMS.exec(text)?.[1];
    return uuid === undefined ? [] : [uuid.toLowerCase()];
  });
}

interface PlacedRule {
  readonly rule: Rule;
  readonly line: BriefingLine;
}

/** Rules that no later word of the user has ended, the latest first. */
function standing(
  messages: readonly Message[],
  others: readonly PlacedRule[],
  replaced: ReadonlySet<string>,
  now: Date,
): BriefingLine[] {
  const all: PlacedRule[] = [
    ...messages.flatMap(({ words, episode: { uuid, referenceTime } }) =>
      rulesIn(words).map((rule) => placed(rule, { text: rule.text, episode: uuid, time: referenceTime, by: 'user' })),
    ),
    ...others,
  ].filter(({ line }) => !replaced.has(line.episode));
  // A stable order: of one message the last word counts.
  const latestFirst = all
    .reverse()
    .sort((a, b) => (a.line.time < b.line.time ? 1 : a.line.time > b.line.time ? -1 : 0));
  const statements = statementsIn(messages, latestFirst);
  const kept: PlacedRule[] = [];
  for (const candidate of latestFirst) {
    if (kept.some(({ rule }) => replacesRule(rule, candidate.rule))) continue;
    if (!isEnded(candidate, statements, now)) kept.push(candidate);
  }
  return kept.map(({ line }) => line);
}

const placed = (rule: Rule, line: BriefingLine): PlacedRule => ({ rule, line });

/** What the user's own words say that can end a rule; nobody else's can. */
function statementsIn(messages: readonly Message[], rules: readonly PlacedRule[]): Statement[] {
  if (rules.length === 0) return [];
  return messages.flatMap(({ words, episode: { uuid, referenceTime } }) =>
    ownSentences(words).flatMap(({ text }) =>
      statementsOf({ uuid, content: text, source: 'text', referenceTime: fromGraphTime(referenceTime) ?? new Date(0) }),
    ),
  );
}

function isEnded({ line }: PlacedRule, statements: readonly Statement[], now: Date): boolean {
  const statedAt = fromGraphTime(line.time);
  if (!statedAt) return false;
  const sentences = sentencesOf({ content: line.text, source: 'text', referenceTime: statedAt });
  const later = statements.filter(({ episode }) => episode !== line.episode);
  return endedRanges({ sentences, episode: line.episode, told: statedAt }, later, { asOf: now }).length > 0;
}

/** Facts that hold, by how many episodes say so, how often their entities are spoken of, and how recent they are. */
function ranked(
  facts: readonly FactRow[],
  latest: readonly BriefedEpisode[],
  replaced: ReadonlySet<string>,
  now: Date,
): BriefingLine[] {
  const place = new Map(latest.map(({ uuid }, index) => [uuid, index]));
  const mentions = new Map<string, number>();
  for (const { sourceUuid, targetUuid, episodes } of facts)
    for (const entity of [sourceUuid, targetUuid]) mentions.set(entity, (mentions.get(entity) ?? 0) + episodes.length);
  const holding = facts.filter(({ uuid, invalidAt, episodes }) => {
    const end = fromGraphTime(invalidAt);
    return (!end || end > now) && !replaced.has(uuid) && !episodes.some((episode) => replaced.has(episode));
  });
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
      text: shortened(oneLine(fact.fact), LONGEST_LINE),
      episode: latestSource,
      time: latest[place.get(latestSource) ?? -1]?.referenceTime ?? fact.createdAt,
      by: latest[place.get(latestSource) ?? -1]?.sourceDescription ?? 'memory',
      from: fact.validAt,
      until: fact.invalidAt,
    }));
}

/** Without lines that a later statement ends; a fact of the graph may hold no end of its own. */
async function notEnded(graph: GroupGraph, lines: readonly BriefingLine[], now: Date): Promise<BriefingLine[]> {
  const ended = await endedIn(
    graph,
    lines.map(({ text, episode, time }, place) => ({ id: String(place), episode, text, start: 0, told: time })),
    { asOf: instant(now) },
  );
  return lines.filter((_, place) => !(ended.get(String(place)) ?? []).some(({ isPart }) => !isPart));
}
