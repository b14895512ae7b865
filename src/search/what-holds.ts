import type { GroupGraph } from '../graph/group-graph.ts';
import { isAfter, type Moment } from '../graph/queries/moment.ts';
import { adjacentEpisodes, replacementsOf } from '../graph/queries/passages.ts';
import { statementsByKey, statementsOfEpisodes } from '../graph/queries/statements.ts';
import { type EndedRange, endedRanges, keysFor, type ShownText } from '../statements/endings.ts';
import { scopeOf, sentencesOf } from '../statements/sentence.ts';
import type { Statement } from '../statements/statement.ts';
import { day, fromGraphTime } from '../time.ts';
import type { Found } from './found.ts';

/** A text that is about to be shown: a passage, an excerpt or a fact. */
export interface ShownPart {
  readonly id: string;
  /** Of the episode that says it. */
  readonly episode: string;
  readonly text: string;
  /** Where in the episode's text it begins; ranges count from there. */
  readonly start: number;
  /** In the graph's format. */
  readonly told: string | null;
  /** What stands above it. */
  readonly headings?: string;
}

/**
 * Which sentences of some texts do not hold at a moment, by the texts' ids: worked out from all statements of the same subject and
 * property, with one query where nothing has ended.
 */
export async function endedIn(
  graph: GroupGraph,
  parts: readonly ShownPart[],
  { asOf, knownAt }: Moment,
): Promise<Map<string, EndedRange[]>> {
  const at = fromGraphTime(asOf.at) ?? new Date();
  const read = parts.flatMap(({ id, episode, text, start, told, headings = '' }) => {
    const time = fromGraphTime(told);
    if (!time) return [];
    const placed = sentencesIn(text, time).map((it) => ({
      ...it,
      start: it.start + start,
      end: it.end + start,
      scope: headings === '' ? it.scope : scopeOf(`${headings} ${it.text}`),
    }));
    return placed.length > 0 ? [{ id, shown: { sentences: placed, episode, told: time } }] : [];
  });
  const moment = { asOf: at, knownAt: (knownAt && fromGraphTime(knownAt.at)) ?? undefined };
  const asked = new Set<string>();
  const statements = new Map<string, Statement>();
  let ended = new Map<string, EndedRange[]>();
  let keys = read.flatMap(({ shown }) => keysFor(shown.sentences));
  // What came instead may have ended too, which asks once more.
  for (let times = 0; times < MOST_STEPS && keys.length > 0; times++) {
    for (const key of keys) asked.add(key);
    for (const it of await statementsByKey(graph, [...new Set(keys)])) statements.set(it.uuid, it);
    const all = [...statements.values()];
    const sessions = await besidesCorrections(graph, all, new Set(read.map(({ shown }) => shown.episode)));
    ended = new Map(
      read.map(({ id, shown }) => [id, endedRanges({ ...shown, ...sessions.get(shown.episode) }, all, moment)]),
    );
    const successors = [...ended.values()].flatMap((ranges) => ranges.map(({ by }) => by));
    keys = successors.flatMap((it) => keysFor(sentencesIn(it.text, it.told))).filter((key) => !asked.has(key));
  }
  return ended;
}

/** Of shown episodes in whose next turn something is corrected: those turns, and what else the episodes state. */
async function besidesCorrections(
  graph: GroupGraph,
  statements: readonly Statement[],
  shown: ReadonlySet<string>,
): Promise<Map<string, Pick<ShownText, 'next' | 'states'>>> {
  const correcting = statements.filter((it) => it.kind === 'ends' && it.of === 'correction');
  if (correcting.length === 0) return new Map();
  const adjacent = await adjacentEpisodes(graph, [...new Set(correcting.map(({ episode }) => episode))]);
  const pairs = adjacent.filter(({ uuid, step }) => step === -1 && shown.has(uuid));
  const states = await statementsOfEpisodes(graph, [...new Set(pairs.map(({ uuid }) => uuid))]);
  return new Map(
    pairs.map(({ uuid }) => [
      uuid,
      {
        next: new Set(pairs.filter((it) => it.uuid === uuid).map(({ of }) => of)),
        states: states.filter(({ episode }) => episode === uuid),
      },
    ]),
  );
}

const MOST_STEPS = 5;
const sentencesIn = (content: string, referenceTime: Date) => sentencesOf({ content, source: 'text', referenceTime });

/** The same answer without facts that hold no more, and with what holds now in the place of a sentence that does not. */
export async function asItIs(graph: GroupGraph, found: Found, moment: Moment): Promise<Found> {
  const { facts, episodes } = found;
  if (moment.alsoEnded || facts.length + episodes.length === 0) return found;
  const told = facts.flatMap((it) => [it.uuid, ...(it.episodes ?? [])]);
  const replacing = replacedAt(graph, [...new Set([...told, ...episodes.map(({ uuid }) => uuid)])], moment);
  replacing.catch(() => {});
  const ended = await endedIn(
    graph,
    [
      ...facts.map((it) => ({
        ...{ id: it.uuid, episode: it.episodes[0] ?? '', text: it.fact, start: 0 },
        told: it.validAt ?? it.createdAt,
      })),
      ...episodes.map((it) => ({
        ...{ id: it.uuid, episode: it.uuid, text: it.excerpt, start: 0 },
        told: it.referenceTime,
      })),
    ],
    moment,
  );
  const replaced = await replacing;
  const isReplaced = (of: readonly string[]) => of.length > 0 && of.every((episode) => replaced.has(episode));
  const isOver = (id: string) => replaced.has(id) || (ended.get(id) ?? []).some(({ isPart }) => !isPart);
  const shown = new Set(episodes.filter(({ uuid }) => !isOver(uuid)).map(({ excerpt }) => excerpt));
  return {
    ...found,
    facts: facts.filter((it) => !isOver(it.uuid) && !isReplaced(it.episodes)),
    episodes: episodes.flatMap((it) => {
      const until = replaced.get(it.uuid);
      if (until !== undefined) return [{ ...it, excerpt: `until ${day(until)}: ${it.excerpt}` }];
      const [range] = ended.get(it.uuid) ?? [];
      if (!range) return [it];
      const excerpt = range.isPart ? `${it.excerpt} (${range.by.text})` : (range.corrected ?? range.by.text);
      if (shown.has(excerpt)) return [];
      shown.add(excerpt);
      return [{ ...it, excerpt }];
    }),
  };
}

/** When episodes and facts were replaced by a note, of those that were so at a moment, by their uuids. */
export async function replacedAt(
  graph: GroupGraph,
  uuids: readonly string[],
  { asOf, knownAt }: Moment,
): Promise<Map<string, string>> {
  const replacements = await replacementsOf(graph, uuids).catch((error: unknown) => {
    // A graph of an earlier release has no index of passages until a worker has prepared it.
    if (error instanceof Error && /index|attribute/i.test(error.message)) return [];
    throw error;
  });
  return new Map(
    replacements
      .filter(({ time, known }) => !isAfter(time, asOf) && !(knownAt && isAfter(known, knownAt)))
      .map(({ uuid, time }) => [uuid, time]),
  );
}
