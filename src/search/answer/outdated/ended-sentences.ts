import type { GroupGraph } from '../../../graph/group-graph.ts';
import { adjacentEpisodes } from '../../../graph/queries/passages.ts';
import { statementsByKey, statementsOfEpisodes } from '../../../graph/queries/statements.ts';
import type { Moment } from '../../../graph/queries/time-conditions.ts';
import { type EndedSentence, endedSentences, type ShownText, statementKeys } from '../../../statements/ended-ranges.ts';
import { statementScope } from '../../../statements/scope.ts';
import { type ParsedSentence, parseSentences } from '../../../statements/sentence.ts';
import type { Statement } from '../../../statements/statement.ts';
import { detachSlice } from '../../../text.ts';
import { fromGraphTime } from '../../../time.ts';

/** A text that is about to be shown: a passage, an excerpt or a fact. */
export interface ShownPart {
  readonly id: string;
  /** Of the episode that says it. */
  readonly episode: string;
  readonly text: string;
  /** Where in the episode's text it begins; ranges count from there. */
  readonly start: number;
  /** In the graph's format. */
  readonly saidAt: string | null;
  /** Headings above it, the outermost first. */
  readonly headings?: readonly string[];
}

/**
 * Sentences of some texts that do not hold at a moment, by the texts' ids. They follow from all statements of the same subject and property.
 * One query is enough if nothing has ended.
 * @param ignored episodes whose statements do not count
 */
export async function findEndedSentences(
  graph: GroupGraph,
  parts: readonly ShownPart[],
  { asOf, knownAt }: Moment,
  ignored: ReadonlySet<string> = new Set<string>(),
): Promise<Map<string, EndedSentence[]>> {
  const at = fromGraphTime(asOf.at) ?? new Date();
  const read = parts.flatMap(({ id, episode, text, start, saidAt, headings = [] }) => {
    const time = fromGraphTime(saidAt);
    if (!time) return [];
    const placed = sentencesIn(text, time).map((it) => ({
      ...it,
      start: it.start + start,
      end: it.end + start,
      scope: headings.length === 0 ? it.scope : statementScope(it.plain, headings),
    }));
    return placed.length > 0 ? [{ id, shown: { sentences: placed, episode, saidAt: time } }] : [];
  });
  const moment = { asOf: at, knownAt: (knownAt && fromGraphTime(knownAt.at)) ?? undefined };
  const asked = new Set<string>();
  const statements = new Map<string, Statement>();
  let ended = new Map<string, EndedSentence[]>();
  let keys = read.flatMap(({ shown }) => statementKeys(shown.sentences));
  // A successor may have ended too, so its keys are looked up in the next round.
  for (let times = 0; times < MOST_STEPS && keys.length > 0; times++) {
    for (const key of keys) asked.add(key);
    for (const it of await statementsByKey(graph, [...new Set(keys)]))
      if (!ignored.has(it.episode)) statements.set(it.uuid, it);
    const all = [...statements.values()];
    const sessions = await contextOfCorrections(graph, all, new Set(read.map(({ shown }) => shown.episode)));
    ended = new Map(
      read.map(({ id, shown }) => [id, endedSentences({ ...shown, ...sessions.get(shown.episode) }, all, moment)]),
    );
    const successors = [...ended.values()].flatMap((ranges) => ranges.map(({ endedBy }) => endedBy));
    keys = successors.flatMap((it) => statementKeys(sentencesIn(it.text, it.saidAt))).filter((key) => !asked.has(key));
  }
  return ended;
}

/** For shown episodes whose next turn corrects something: those turns, and the episodes' other statements. */
async function contextOfCorrections(
  graph: GroupGraph,
  statements: readonly Statement[],
  shown: ReadonlySet<string>,
): Promise<Map<string, Pick<ShownText, 'nextCorrections' | 'episodeStatements'>>> {
  const correcting = statements.filter((it) => it.kind === 'ends' && it.endsWhat === 'correction');
  if (correcting.length === 0) return new Map();
  const adjacent = await adjacentEpisodes(graph, [...new Set(correcting.map(({ episode }) => episode))]);
  const pairs = adjacent.filter(({ uuid, step }) => step === -1 && shown.has(uuid));
  const states = await statementsOfEpisodes(graph, [...new Set(pairs.map(({ uuid }) => uuid))]);
  return new Map(
    pairs.map(({ uuid }) => [
      uuid,
      {
        nextCorrections: new Set(pairs.filter((it) => it.uuid === uuid).map(({ of }) => of)),
        episodeStatements: states.filter(({ episode }) => episode === uuid),
      },
    ]),
  );
}

const MOST_STEPS = 5;
/** Parsing the sentences of an answer is a fifth of a question's work, and the same texts are shown often: a cache of the latest used. */
const analysed = new Map<string, readonly ParsedSentence[]>();
const [MOST_ANALYSED, LONGEST_KEPT] = [2_000, 4_000];

function sentencesIn(content: string, referenceTime: Date): readonly ParsedSentence[] {
  if (content.length > LONGEST_KEPT) return parseSentences({ content, source: 'text', referenceTime });
  const key = `${referenceTime.getTime()} ${content}`;
  const sentences =
    analysed.get(key) ?? parseSentences({ content: detachSlice(content), source: 'text', referenceTime });
  // A map keeps the order of insertion: the first entry is the one that was used longest ago.
  analysed.delete(key);
  analysed.set(key, sentences);
  if (analysed.size > MOST_ANALYSED) analysed.delete(analysed.keys().next().value as string);
  return sentences;
}
