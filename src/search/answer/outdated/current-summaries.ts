import type { GroupGraph } from '../../../graph/group-graph.ts';
import { type FactInSummary, factsInSummaries } from '../../../graph/queries/entities.ts';
import { hasEnded, type Moment } from '../../../graph/queries/time-conditions.ts';
import type { EndedSentence } from '../../../statements/ended-ranges.ts';
import { day, toGraphTime } from '../../../time.ts';
import type { FoundItems } from '../../results.ts';
import { findEndedSentences } from './ended-sentences.ts';

/** An entity or a community. */
interface Summarized {
  readonly uuid: string;
  readonly summary: string;
  readonly createdAt?: string | null;
}

/** A part of a summary: a fact's exact text, or text that a model wrote between facts. */
interface SummaryPart {
  readonly start: number;
  readonly text: string;
  readonly fact?: FactInSummary;
}

/** Summaries read with one query. */
const AT_ONCE = 1_000;

/**
 * The same entities or communities with their summaries as of a moment. A sentence that a later statement ended is replaced by that statement,
 * and a fact that ended without a successor is left out. The stored summaries do not change.
 */
export async function withCurrentSummaries<Owner extends Summarized>(
  graph: GroupGraph,
  owners: readonly Owner[],
  moment: Moment,
): Promise<Owner[]> {
  const current: Owner[] = [];
  for (let start = 0; start < owners.length; start += AT_ONCE)
    current.push(...(await currentPage(graph, owners.slice(start, start + AT_ONCE), moment)));
  return current;
}

/** The same for the entities and communities of an answer. */
export async function foundWithCurrentSummaries(
  graph: GroupGraph,
  found: FoundItems,
  moment: Moment,
): Promise<FoundItems> {
  const { entities = [], communities = [] } = found;
  const current = await withCurrentSummaries<Summarized>(graph, [...entities, ...communities], moment);
  const summaries = new Map(current.map(({ uuid, summary }) => [uuid, summary]));
  const updated = <Owner extends Summarized>(owner: Owner): Owner => ({
    ...owner,
    summary: summaries.get(owner.uuid) ?? owner.summary,
  });
  return {
    ...found,
    ...(found.entities && { entities: entities.map(updated) }),
    ...(found.communities && { communities: communities.map(updated) }),
  };
}

async function currentPage<Owner extends Summarized>(
  graph: GroupGraph,
  owners: readonly Owner[],
  moment: Moment,
): Promise<Owner[]> {
  const summarized = owners.filter(({ summary }) => summary.trim() !== '');
  if (summarized.length === 0) return [...owners];
  const facts = Map.groupBy(await factsInSummaries(graph, summarized), ({ owner }) => owner);
  const isOver = (fact: FactInSummary) => hasEnded(fact, moment);
  const partsByOwner = new Map(
    summarized.map(({ uuid, summary }) => [uuid, partsOf(summary, latestOf(facts.get(uuid) ?? [], isOver))]),
  );
  const shown = summarized.flatMap(({ uuid, createdAt = null }) =>
    (partsByOwner.get(uuid) ?? []).map(({ start, text, fact }) => ({
      ...{ id: idOf(uuid, start), episode: fact?.episodes[0] ?? '', text, start },
      // A model wrote the sentence, so it is not older than the entity or community.
      saidAt: fact ? (fact.validAt ?? fact.createdAt) : createdAt,
    })),
  );
  const ended = await findEndedSentences(graph, shown, moment);
  return owners.map((owner) => {
    const parts = (partsByOwner.get(owner.uuid) ?? []).map((part) => {
      const ends = ended.get(idOf(owner.uuid, part.start)) ?? [];
      return { ...part, ends, isGone: ends.length === 0 && part.fact !== undefined && isOver(part.fact) };
    });
    if (parts.every(({ ends, isGone }) => ends.length === 0 && !isGone)) return owner;
    return { ...owner, summary: currentSummary(owner.summary, parts) };
  });
}

const idOf = (owner: string, start: number): string => `${owner} ${start}`;

/** One fact for each sentence: a current one if there is one, otherwise the latest. The longest sentences first. */
function latestOf(facts: readonly FactInSummary[], isOver: (fact: FactInSummary) => boolean): FactInSummary[] {
  const order = (fact: FactInSummary) => `${isOver(fact) ? 0 : 1} ${fact.validAt ?? fact.createdAt}`;
  const latest = new Map<string, FactInSummary>();
  for (const fact of facts) {
    const before = latest.get(fact.fact);
    if (!before || order(fact) > order(before)) latest.set(fact.fact, fact);
  }
  return [...latest.values()].filter(({ fact }) => fact !== '').sort((a, b) => b.fact.length - a.fact.length);
}

/** A summary in parts: the facts in it, and the lines, or pieces of lines, around them. */
function partsOf(summary: string, facts: readonly FactInSummary[]): SummaryPart[] {
  const stated: SummaryPart[] = [];
  const isFree = (start: number, end: number) =>
    stated.every((part) => end <= part.start || part.start + part.text.length <= start);
  for (const fact of facts)
    for (let at = summary.indexOf(fact.fact); at >= 0; at = summary.indexOf(fact.fact, at + fact.fact.length))
      if (isFree(at, at + fact.fact.length)) stated.push({ start: at, text: fact.fact, fact });
  stated.sort((a, b) => a.start - b.start);
  const bounds = [0, ...stated.flatMap(({ start, text }) => [start, start + text.length]), summary.length];
  const between = bounds.flatMap((start, place): SummaryPart[] =>
    place % 2 === 0 ? linesOf(summary.slice(start, bounds[place + 1]), start) : [],
  );
  return [...stated, ...between].sort((a, b) => a.start - b.start);
}

function linesOf(text: string, offset: number): SummaryPart[] {
  return [...text.matchAll(/[^\n]+/g)]
    .map(({ 0: line, index }) => ({ start: offset + index, text: line }))
    .filter((line) => /[\p{L}\p{N}]/u.test(line.text));
}

/** Marks removed text until the lines are tidied. */
const GAP = '\u0000';

interface CurrentPart extends SummaryPart {
  readonly ends: readonly EndedSentence[];
  readonly isGone: boolean;
}

/** The current summary. A replacement that another part already says is left out. */
function currentSummary(summary: string, parts: readonly CurrentPart[]): string {
  const unchanged = new Set(parts.filter(({ ends }) => ends.length === 0).map(({ text }) => text.trim()));
  const changes = parts.flatMap(({ start, text, ends, isGone }) =>
    isGone
      ? [{ start, end: start + text.length, now: '' }]
      : ends.map((ended) => {
          const isRepeated = !ended.isPart && unchanged.has(ended.endedBy.text);
          return { start: ended.start, end: ended.end, now: isRepeated ? '' : replacementOf(ended, summary) };
        }),
  );
  const lastFirst = changes.sort((a, b) => b.start - a.start);
  const changed = lastFirst.reduce(
    (text, { start, end, now }) => `${text.slice(0, start)}${now || GAP}${text.slice(end)}`,
    summary,
  );
  return [...new Set(changed.split('\n').flatMap(tidied))].join('\n');
}

/** The later statement. A summary quotes nobody, so it stands in the place of the sentence. */
function replacementOf({ start, end, endedBy, isPart, corrected }: EndedSentence, summary: string): string {
  const said = `${day(toGraphTime(endedBy.saidAt))}: ${endedBy.text}`;
  if (corrected !== undefined) return `${corrected} (corrected ${said})`;
  return isPart ? `${summary.slice(start, end)} (${said})` : `since ${said}`;
}

/** A line without the gaps; none where only the name of a community's member is left. */
function tidied(line: string): string[] {
  const rest = line.replaceAll(new RegExp(` ?${GAP}`, 'g'), '').trim();
  const isEmpty = rest === '' || (line.includes(GAP) && /^[^:]*:$/.test(rest));
  return isEmpty ? [] : [rest];
}
