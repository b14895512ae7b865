import type { EpisodeSource } from '../episode.ts';

/** What a language model is shown of an episode. */
export interface EpisodeText {
  readonly content: string;
  readonly source: EpisodeSource;
  /** When what the text says was true; relative dates count from here. */
  readonly referenceTime: Date;
}

export interface ExtractedEntity {
  readonly name: string;
  /** A graph label such as `Person`, or `Entity` where nothing more is known. */
  readonly type: string;
}

export interface ExtractedFact {
  /** Name of an entity of the same extraction; never equal to `target`. */
  readonly source: string;
  readonly target: string;
  /** SCREAMING_SNAKE_CASE, such as `WORKS_AT`. */
  readonly relation: string;
  /** One sentence that is understood alone. */
  readonly fact: string;
  /** When it began to hold. */
  readonly validAt: Date | null;
  /** When it ceased to hold; null while it holds. */
  readonly invalidAt: Date | null;
}

/** A statement that whatever held between two entities holds no more ("Harbor no longer uses Redis"). */
export interface EndedRelation {
  readonly source: string;
  readonly target: string;
  readonly at: Date;
}

export interface Extraction {
  readonly entities: readonly ExtractedEntity[];
  readonly facts: readonly ExtractedFact[];
  readonly ended: readonly EndedRelation[];
}

/**
 * Reads episodes. Implementations: `local/` (rules, no network).
 * Throws `ModelFailed` when it cannot answer now.
 */
export interface LanguageModel {
  /** Model and version of its instructions, e.g. `local-rules-1`; part of the key of everything remembered about a call. */
  readonly id: string;
  extract(episode: EpisodeText): Promise<Extraction>;
  close(): Promise<void>;
}
