import type { Attributes } from '../graph/queries/entities.ts';
import type { EpisodeRow } from '../graph/queries/search-episodes.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import type { PassageKind } from '../passages/cut.ts';
import type { ScoreParts } from './answer/ranking/rank.ts';

/** An episode that something was learned from. */
export interface Source {
  readonly uuid: string;
  readonly name: string;
  /** As the graph has it. */
  readonly referenceTime: string;
  /** Where its text comes from, as described when it was stored; only when sources are requested, and not if empty. */
  readonly sourceDescription?: string;
  /** The `file` of its metadata; only when sources are requested. */
  readonly file?: string;
  /** The session of its saga or its metadata; only when sources are requested. */
  readonly session?: string;
}

export interface FoundFact extends FactRow {
  readonly score: number;
  /** What each signal adds to the score; only in the default search. */
  readonly scoreParts?: ScoreParts;
  /** The uuid of a passage among those found whose excerpt says the same in its own words; printed once. */
  readonly statedIn?: string;
  /** The episodes that state it, earliest first; only when sources are requested. */
  readonly sources?: readonly Source[];
  /** The attributes of the user's own type; only when sources are requested. */
  readonly attributes?: Attributes;
}

export interface FoundEpisode extends EpisodeRow {
  /** The sentence that is most relevant to the question. */
  readonly excerpt: string;
  readonly score: number;
}

export interface FoundEntity {
  readonly uuid: string;
  readonly name: string;
  /** The most specific type; `Entity` if there is none. */
  readonly type: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: string | null;
  readonly score: number;
  /** Episodes that mention it, oldest first; only when sources are requested. */
  readonly sources?: readonly Source[];
  /** The attributes of the user's own type; only when sources are requested. */
  readonly attributes?: Attributes;
}

/** A group of closely related entities. */
export interface FoundCommunity {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly createdAt: string | null;
  readonly score: number;
}

/** A part of an episode's text, as it was handed in. */
export interface FoundPassage {
  readonly uuid: string;
  /** The episode that contains the passage. */
  readonly episode: Source;
  /** From `start` up to before `end`, in UTF-16 units of the episode's text or of the text that `source` names. */
  readonly start: number;
  readonly end: number;
  /** `tool:<n>` for a passage of the input and output of the n-th tool in the episode's metadata. */
  readonly source?: string;
  readonly kind: PassageKind;
  /** The speaker, in lower case. */
  readonly role: string | null;
  /** Headings above it, the outermost first. */
  readonly headings: readonly string[];
  /** A short passage as a whole, otherwise the part that is most relevant to the question. Ended sentences are marked or replaced. */
  readonly excerpt: string;
  /** The number of items that the excerpt leaves out of a requested list, procedure or table; missing for none. */
  readonly omitted?: number;
  /** The time from which the whole passage is outdated, in the graph's format; missing while a part of it is current. */
  readonly until?: string;
  readonly sourceDescription: string;
  /** The reference time of its episode, in the graph's format. */
  readonly referenceTime: string;
  readonly score: number;
  /** What each signal adds to the score; outdated text lowers the score below their sum. */
  readonly scoreParts: ScoreParts;
}

/**
 * The results of a search, each kind best first. The default search returns facts and passages, at most `limit` of each, and neither if nothing
 * relevant is known. Only scores of one search can be compared.
 */
export interface FoundItems {
  readonly facts: readonly FoundFact[];
  /** Only in searches for episodes. */
  readonly episodes: readonly FoundEpisode[];
  /** Only in the default search. */
  readonly passages?: readonly FoundPassage[];
  /** Only in searches for entities. */
  readonly entities?: readonly FoundEntity[];
  /** Only in searches for communities. */
  readonly communities?: readonly FoundCommunity[];
}

/** The most specific of an entity's labels. */
export const typeOf = (labels: readonly string[]): string => labels.find((label) => label !== 'Entity') ?? 'Entity';
