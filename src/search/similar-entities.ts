import { closestNames } from '../closest-name.ts';
import { WORD_SEPARATORS } from '../graph/fulltext.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import {
  entitiesContaining,
  entitiesWithSimilarWords,
  type SimilarEntityRow,
} from '../graph/queries/search-entities.ts';
import { canonicalKey } from '../text.ts';
import { typeOf } from './results.ts';

/** An entity whose name or alias is similar to a text. */
export interface SimilarEntity {
  readonly uuid: string;
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  /** The name or alias that is similar. */
  readonly called: string;
}

const MOST_WORDS = 6;
/** A shorter word with a wrong letter may be any other. */
const SHORTEST = 4;
/** Letters without an error, by which names are found that are not typed to their end. */
const BEGINNING = 2;
/** Of many names that begin alike, those with most facts are compared. */
const MOST_COMPARED = 500;

/** Entities that a user who typed this text may mean: names that begin with it or contain it, then names with a letter or two changed. */
export async function findSimilarEntities(graph: GroupGraph, typed: string, limit: number): Promise<SimilarEntity[]> {
  const text = canonicalKey(typed);
  const containing = await entitiesContaining(graph, text, 4 * limit);
  const similar = containing.length < limit ? await withTypingErrors(graph, text) : [];
  const byUuid = new Map<string, SimilarEntityRow>();
  for (const row of [...containing, ...similar]) if (!byUuid.has(row.uuid)) byUuid.set(row.uuid, row);
  return [...byUuid.values()]
    .slice(0, limit)
    .map(({ uuid, name, labels, called }) => ({ uuid, name, type: typeOf(labels), called }));
}

/** The index finds words with one or two wrong letters, and words that begin alike, of which the name may not be typed to its end. */
async function withTypingErrors(graph: GroupGraph, text: string): Promise<SimilarEntityRow[]> {
  const words = text
    .split(WORD_SEPARATORS)
    .filter((word) => word.length >= SHORTEST)
    .slice(0, MOST_WORDS);
  if (words.length === 0) return [];
  // The marks of RediSearch for a distance of one and of two; words hold none of its characters.
  const query = words
    .flatMap((word) => [word.length > 6 ? `%%${word}%%` : `%${word}%`, `${word.slice(0, BEGINNING)}*`])
    .join('|');
  const rows = await entitiesWithSimilarWords(graph, query, MOST_COMPARED);
  const order = closestNames(
    text,
    rows.map(({ called }) => called),
  );
  return order.flatMap((called) => rows.filter((row) => row.called === called));
}
