import type { GroupGraph } from '../graph/group-graph.ts';
import { episodesWithAllTerms } from '../graph/queries/forget.ts';
import { episodesToCut } from '../graph/queries/passage-upkeep.ts';
import { SPEAKER_PREFIX } from '../passages/speakers.ts';
import { termsOf } from '../passages/terms.ts';
import { changedTexts } from './mask-sentences.ts';

/** Episodes that say what is forgotten although no fact names them as a source. */
export interface OtherEpisodes {
  /** By episode, the wordings that it has as sentences of their own. */
  readonly same: ReadonlyMap<string, ReadonlySet<string>>;
  /** Episodes with a sentence that has all words of a wording, and others. */
  readonly similar: readonly string[];
}

/** The number of a wording's terms, the longest ones, that are searched for; then sentences are compared. */
const MOST_TERMS = 8;
/** Wordings that one query looks for. */
const AT_ONCE = 50;
/** Episodes that are read at once. */
const PAGE = 500;

/** @param known episodes that are dealt with anyway */
export async function otherEpisodes(
  graph: GroupGraph,
  wordings: readonly string[],
  known: ReadonlySet<string>,
): Promise<OtherEpisodes> {
  const conjunctions = [...new Set(wordings)].map(conjunctionOf).filter(({ length }) => length > 1);
  const compared = new Set(known);
  const same = new Map<string, Set<string>>();
  const similar: string[] = [];
  for (let from = 0; from < conjunctions.length; from += AT_ONCE)
    for await (const page of pagesOf(graph, conjunctions.slice(from, from + AT_ONCE))) {
      const unread = page.filter((uuid) => !compared.has(uuid));
      for (const uuid of unread) compared.add(uuid);
      for (const episode of unread.length > 0 ? await episodesToCut(graph, unread) : []) {
        const equal = wordings.filter((wording) => changedTexts(episode, [wording], 'equal') !== undefined);
        if (equal.length > 0) same.set(episode.uuid, new Set(equal));
        else if (changedTexts(episode, wordings, 'containing') !== undefined) similar.push(episode.uuid);
      }
    }
  return { same, similar: similar.sort() };
}

async function* pagesOf(graph: GroupGraph, conjunctions: readonly (readonly string[])[]): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    const page = await episodesWithAllTerms(graph, conjunctions, after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = last;
  }
}

/** The terms of a wording to look for. A wording of a single term is too common to identify a sentence. */
function conjunctionOf(wording: string): readonly string[] {
  const terms = [...new Set(termsOf(wording.replace(SPEAKER_PREFIX, '')))];
  return terms.sort((a, b) => b.length - a.length || (a < b ? -1 : 1)).slice(0, MOST_TERMS);
}
