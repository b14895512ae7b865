import type { GroupGraph } from '../graph/group-graph.ts';
import { factsOfEpisodes } from '../graph/queries/episodes.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import { instant, normalizedTime } from '../graph/queries/time-conditions.ts';
import { type EndEvidence, endEvidence, factsByUuid } from '../graph/queries/timeline.ts';
import { termsOf } from '../passages/terms.ts';
import { toGraphTime } from '../time.ts';
import { endsFact, partsOfFacts } from './answer/outdated/current-content.ts';
import { findEndedSentences } from './answer/outdated/ended-sentences.ts';

/** Why a fact ended. */
export interface FactEnd {
  /** uuids of the episodes that say that it ended, or that state what took its place. */
  readonly endedBy: readonly string[];
  /** uuid and sentence of the fact that took its place; null if none did. A later sentence that is no fact has no uuid. */
  readonly replacedBy: string | null;
  readonly replacement: string | null;
}

export type EndedFact<Fact extends FactRow> = Fact & FactEnd;

const NO_END: FactEnd = { endedBy: [], replacedBy: null, replacement: null };
/** Of more current facts only these are compared with later sentences, which costs a parse of each. */
const MOST_COMPARED = 1000;

/**
 * The facts with what ended them. A fact ends in the graph when an episode says that it is over or states something that contradicts it. Other
 * facts have no end in the graph, but a later sentence ends theirs, as in answers; they get the end here.
 */
export async function withEnds<Fact extends FactRow>(
  graph: GroupGraph,
  facts: readonly Fact[],
  now: Date,
): Promise<EndedFact<Fact>[]> {
  const ended = facts.filter(({ invalidAt }) => invalidAt !== null);
  const open = facts.filter(({ invalidAt }) => invalidAt === null).slice(0, MOST_COMPARED);
  const [evidence, sentences] = await Promise.all([
    endEvidence(graph, ended),
    findEndedSentences(graph, partsOfFacts(open), { asOf: instant(now) }),
  ]);
  const statements = new Map(
    open.flatMap((fact) =>
      (sentences.get(fact.uuid) ?? [])
        .filter((range) => endsFact(range, fact))
        .map((range) => [fact.uuid, range] as const),
    ),
  );
  const enders = await readEnders(
    graph,
    ended,
    evidence,
    [...statements.values()].map(({ endedBy }) => endedBy.episode),
  );
  return facts.map((fact) => {
    const statement = statements.get(fact.uuid);
    if (statement) {
      const { until, endedBy } = statement;
      const invalidAt = toGraphTime(until);
      const next = replacementFor({ ...fact, invalidAt }, enders.statedBy([endedBy.episode]), [endedBy.episode]);
      const known = endedBy.knownAt ?? endedBy.saidAt;
      return {
        ...{ ...fact, invalidAt, expiredAt: toGraphTime(known), endedBy: [endedBy.episode] },
        ...{ replacedBy: next?.uuid ?? null, replacement: next?.fact ?? endedBy.text },
      };
    }
    if (fact.invalidAt === null) return { ...fact, ...NO_END };
    const rivals = evidence.get(fact.uuid)?.rivals ?? [];
    const endedBy = enders.of(fact);
    const next = replacementFor(
      fact,
      [...enders.statedBy(endedBy), ...enders.facts(rivals), ...facts],
      endedBy,
      rivals,
    );
    return { ...fact, endedBy, replacedBy: next?.uuid ?? null, replacement: next?.fact ?? null };
  });
}

/** The episodes that ended facts, with the facts that they state. */
async function readEnders(
  graph: GroupGraph,
  ended: readonly FactRow[],
  evidence: ReadonlyMap<string, EndEvidence>,
  others: readonly string[],
) {
  const rivals = await factsByUuid(graph, [...new Set([...evidence.values()].flatMap((item) => item.rivals))]);
  const byUuid = new Map(rivals.map((fact) => [fact.uuid, fact]));
  const endedBy = new Map(
    ended.map((fact) => {
      const { endings = [], rivals: uuids = [] } = evidence.get(fact.uuid) ?? {};
      const end = normalizedTime(fact.invalidAt);
      const said = endings.filter(({ at }) => normalizedTime(at) === end).map(({ episode }) => episode);
      const contradicting = uuids.flatMap((uuid) => byUuid.get(uuid) ?? []).filter((rival) => isSuccessor(fact, rival));
      const all = [...said, ...contradicting.flatMap(({ episodes }) => episodes.slice(0, 1))];
      return [fact.uuid, [...new Set(all)].filter((episode) => !fact.episodes.includes(episode))];
    }),
  );
  const episodes = [...new Set([...[...endedBy.values()].flat(), ...others])];
  const rows = episodes.length > 0 ? await factsOfEpisodes(graph, episodes) : [];
  const byEpisode = new Map<string, FactRow[]>();
  for (const row of rows)
    for (const episode of row.episodes) byEpisode.set(episode, [...(byEpisode.get(episode) ?? []), row]);
  return {
    of: ({ uuid }: FactRow) => endedBy.get(uuid) ?? [],
    facts: (uuids: readonly string[]) => uuids.flatMap((uuid) => byUuid.get(uuid) ?? []),
    /** The facts that episodes state, without those that they only end. */
    statedBy: (uuids: readonly string[]) => uuids.flatMap((uuid) => byEpisode.get(uuid) ?? []),
  };
}

/** How much each sign counts that one fact took the place of another. */
const SIGNS = { rival: 6, sameText: 3, relation: 3, named: 3, moment: 2, source: 2, target: 1 } as const;
/** A fact that only began at the same moment about the same thing is not enough. */
const ENOUGH = 5;

/**
 * The fact that took the place of an ended one: one that contradicts it, or one about the same things in the text that ended it, or else
 * another value of the same relation that began at the same moment.
 * @param endedBy uuids of the episodes that ended it
 * @param rivals  uuids of the facts that contradict it
 */
export function replacementFor(
  ended: FactRow,
  candidates: readonly FactRow[],
  endedBy: readonly string[],
  rivals: readonly string[] = [],
): FactRow | undefined {
  const terms = new Set(termsOf(ended.fact));
  const scored = [...new Map(candidates.map((fact) => [fact.uuid, fact])).values()]
    .filter((fact) => fact.uuid !== ended.uuid && isSuccessor(ended, fact))
    .map((fact) => ({
      fact,
      score: scoreOf(ended, fact, endedBy, rivals),
      shared: termsOf(fact.fact).filter((term) => terms.has(term)).length,
    }))
    .filter(({ score }) => score >= ENOUGH)
    .sort((a, b) => b.score - a.score || b.shared - a.shared || (a.fact.uuid < b.fact.uuid ? -1 : 1));
  return scored[0]?.fact;
}

function scoreOf(ended: FactRow, next: FactRow, endedBy: readonly string[], rivals: readonly string[]): number {
  const isRival = rivals.includes(next.uuid);
  const isSameText = next.episodes.some((episode) => endedBy.includes(episode));
  const isSameMoment = beginsAt(next, ended.invalidAt);
  if (!isSameText && !isSameMoment && !(isRival && next.validAt === null)) return 0;
  const isSameSource = next.sourceUuid === ended.sourceUuid;
  const isSameTarget = next.targetUuid === ended.targetUuid;
  if (!isRival && !isSameSource && !isSameTarget && next.sourceUuid !== ended.targetUuid) return 0;
  const other = isSameSource ? ended.target : ended.source;
  return (
    (isRival ? SIGNS.rival : 0) +
    (isSameText ? SIGNS.sameText : 0) +
    (next.relation === ended.relation ? SIGNS.relation : 0) +
    (next.fact.includes(other) ? SIGNS.named : 0) +
    (isSameMoment ? SIGNS.moment : 0) +
    (isSameSource ? SIGNS.source : 0) +
    (isSameTarget ? SIGNS.target : 0)
  );
}

const beginsAt = ({ validAt }: FactRow, time: string | null): boolean =>
  validAt !== null && normalizedTime(validAt) === normalizedTime(time);

/** Whether a fact holds after the end of another. One without a beginning may have begun then. */
function isSuccessor({ invalidAt }: FactRow, next: FactRow): boolean {
  const end = normalizedTime(invalidAt) ?? '';
  const [from, to] = [normalizedTime(next.validAt), normalizedTime(next.invalidAt)];
  return (from === null || from >= end) && (to === null || to > end);
}
