import type { Attributes } from '../graph/queries/entities.ts';
import type { EpisodeRow } from '../graph/queries/search-episodes.ts';
import type { FactRow } from '../graph/queries/search-facts.ts';
import type { PassageKind } from '../passages/cut.ts';

/** An episode that something was learnt from. */
export interface Source {
  readonly uuid: string;
  readonly name: string;
  /** As the graph has it. */
  readonly referenceTime: string;
}

export interface Fact extends FactRow {
  readonly score: number;
  /** The uuid of a passage among those found whose excerpt says the same in its own words; printed once. */
  readonly statedIn?: string;
  /** The episodes that state it, earliest first; only when sources are requested. */
  readonly sources?: readonly Source[];
  /** The attributes of the user's own type; only when sources are requested. */
  readonly attributes?: Attributes;
}

export interface FoundEpisode extends EpisodeRow {
  /** The sentence that has most to do with the question. */
  readonly excerpt: string;
  readonly score: number;
}

export interface FoundEntity {
  readonly uuid: string;
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
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

/** A group of entities that have much to do with each other. */
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
  /** Where it stands. */
  readonly episode: Source;
  /** From `start` up to before `end`, in UTF-16 units of the episode's text or of what `source` names. */
  readonly start: number;
  readonly end: number;
  /** `tool:<n>` for a passage of what the n-th tool of the episode's metadata was given and answered. */
  readonly source?: string;
  readonly kind: PassageKind;
  /** Who says it, in lower case. */
  readonly role: string | null;
  /** Headings above it, the outermost first. */
  readonly headings: readonly string[];
  /** What of it is shown: all where it is short, else what has most to do with the question. What has ended is marked or replaced. */
  readonly excerpt: string;
  /** Since when none of it holds any more, in the graph's format; none while some of it does. */
  readonly until?: string;
  readonly sourceDescription: string;
  /** Of its episode, as the graph has it. */
  readonly referenceTime: string;
  readonly score: number;
}

/**
 * What a search finds, each kind best first. Unless something else was asked for that is facts and passages, of each at most as many as asked
 * for; none of either where nothing known bears on the question. The scores of one search can be compared with each other only.
 */
export interface Found {
  readonly facts: readonly Fact[];
  /** Only in searches for episodes. */
  readonly episodes: readonly FoundEpisode[];
  /** Only in searches for answers, which is the default. */
  readonly passages?: readonly FoundPassage[];
  /** Only in searches for entities. */
  readonly entities?: readonly FoundEntity[];
  /** Only in searches for communities. */
  readonly communities?: readonly FoundCommunity[];
}

/** The most specific of an entity's labels. */
export const typeOf = (labels: readonly string[]): string => labels.find((label) => label !== 'Entity') ?? 'Entity';
