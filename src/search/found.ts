import type { Attributes } from '../graph/queries/attributes.ts';
import type { FactRow } from '../graph/queries/fact-rows.ts';
import type { EpisodeRow } from '../graph/queries/search-episodes.ts';

/** An episode that something was learnt from. */
export interface Source {
  readonly uuid: string;
  readonly name: string;
  /** As the graph has it. */
  readonly referenceTime: string;
}

export interface Fact extends FactRow {
  readonly score: number;
  /** The episodes that say so, the one that said it first before the others; only where they were asked for. */
  readonly sources?: readonly Source[];
  /** What the users' own type tells of it; only where sources were asked for. */
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
  /** Episodes that speak of it, the oldest first; only where they were asked for. */
  readonly sources?: readonly Source[];
  /** What the users' own type tells of it; only where sources were asked for. */
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

/**
 * What a search finds, each kind best first. Unless something else was asked for that is facts, and raw episodes that hold
 * words of the question which none of these facts holds (because nothing was extracted from them yet, or not from that
 * sentence), together at most as many as asked for. The scores of one search can be compared with each other only.
 */
export interface Found {
  readonly facts: readonly Fact[];
  readonly episodes: readonly FoundEpisode[];
  /** Only of a search that looks for entities. */
  readonly entities?: readonly FoundEntity[];
  /** Only of a search that looks for communities. */
  readonly communities?: readonly FoundCommunity[];
}

/** The most specific of an entity's labels. */
export const typeOf = (labels: readonly string[]): string => labels.find((label) => label !== 'Entity') ?? 'Entity';
