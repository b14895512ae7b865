import type { AttributeValue } from '../ontology.ts';
import type { Fenced } from './queries/fence.ts';

/** Null takes one away. */
export type Attributes = Readonly<Record<string, AttributeValue | null>>;

/** All that one group commit changes. Dates are in the graph's format; every uuid is given, so that doing it again changes nothing. */
export interface Commit extends Fenced {
  readonly now: string;
  readonly newEntities: readonly NewEntity[];
  /** A type learnt for an entity that had none. */
  readonly labelled: readonly { readonly uuid: string; readonly label: string }[];
  readonly attributed: readonly { readonly uuid: string; readonly attributes: Attributes }[];
  readonly aliases: readonly { readonly key: string; readonly alias: string; readonly entity: string }[];
  readonly newFacts: readonly NewFact[];
  /** Later parts of facts that were cut in two; they share the sentence, its vector and the attributes with the first. */
  readonly cutFacts: readonly CutFact[];
  /** Facts stated again, ended or both, with the values that they have from now on. */
  readonly changedFacts: readonly ChangedFact[];
  /** Facts that became part of another. */
  /** Statements of sentences that facts to be forgotten were made of. */
  readonly removedStatements: readonly { readonly id: string; readonly episode: string }[];
  readonly removedFacts: readonly { readonly uuid: string; readonly source: string; readonly target: string }[];
  readonly evidence: readonly FactEvidence[];
  readonly endings: readonly { readonly key: string; readonly endings: readonly string[] }[];
  /** New summaries of existing entities; too long ones are listed, so that a model shortens them later. */
  readonly summaries: readonly { readonly uuid: string; readonly summary: string; readonly isLong: boolean }[];
  readonly mentions: readonly { readonly uuid: string; readonly episode: string; readonly entity: string }[];
  readonly episodes: readonly {
    readonly uuid: string;
    readonly key: string;
    readonly facts: readonly string[];
    readonly use: string | null;
    /** See `ingest/mentions.ts`. */
    readonly told: string | null;
  }[];
  /** Of episodes that were committed before: facts that they turn out to state under another uuid, or to have ended. */
  readonly movedFacts: readonly {
    readonly uuid: string;
    readonly key: string;
    readonly added: readonly string[];
    readonly left: readonly string[];
  }[];
  readonly removedEpisodes: readonly RemovedEpisode[];
  readonly removedEntities: readonly { readonly uuid: string }[];
  /** Keys of `_Meta` nodes to remove. */
  readonly removedNotes: readonly { readonly key: string }[];
  /** Facts with a new wording, since no episode uses the old one. */
  readonly rewordedFacts: readonly RewordedFact[];
  /** Entities with a new name, since no episode uses the old one. */
  readonly renamedEntities: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly embedding: readonly number[];
  }[];
  /** Mentions of remaining episodes, without removed entities. */
  readonly retold: readonly { readonly key: string; readonly told: string | null }[];
  /** Entities all of whose other names go before `aliases` come. */
  readonly clearedAliases: readonly { readonly uuid: string }[];
  /** Types that no episode gives any more; removed before others are set. */
  readonly unlabelled: readonly { readonly uuid: string; readonly label: string }[];
  /** Sagas that lost episodes, with their new first and last episode; their summaries are removed. */
  readonly sagas: readonly { readonly uuid: string; readonly first: string; readonly last: string }[];
  readonly removedSagas: readonly { readonly uuid: string }[];
  /** Episodes that follow each other now. */
  readonly sagaLinks: readonly { readonly a: string; readonly b: string }[];
  readonly removedCommunities: readonly { readonly uuid: string; readonly key: string }[];
  /** Episodes that stay without the sentences of facts that are forgotten. */
  readonly maskedEpisodes: readonly MaskedEpisode[];
  /** Vectors of the remaining text. */
  readonly maskedVectors: readonly MaskedVector[];
}

/** Everything derived from an episode's text, rebuilt from the remaining text. */
export interface MaskedEpisode {
  readonly uuid: string;
  readonly key: string;
  readonly content: string;
  /** JSON. */
  readonly metadata: string | null;
  readonly passages: readonly object[];
  readonly statements: readonly object[];
}

export interface MaskedVector {
  readonly uuid: string;
  readonly episode: string;
  /** The embedded text; never sent to the graph. */
  readonly text: string;
  readonly embedding: readonly number[];
}

export interface RewordedFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly fact: string;
  readonly embedding: readonly number[];
}

export interface NewEntity {
  readonly uuid: string;
  readonly name: string;
  readonly label: string;
  readonly summary: string;
  /** True when its facts do not all fit into the summary. */
  readonly isLong?: boolean;
  readonly attributes: Attributes;
  readonly embedding: readonly number[];
}

export interface CutFact extends ChangedFact {
  /** uuid of the fact that it was a part of. */
  readonly of: string;
  readonly createdAt: string;
}

export interface NewFact extends Omit<CutFact, 'of'> {
  readonly relation: string;
  readonly fact: string;
  readonly embedding: readonly number[];
}

export interface ChangedFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly episodes: readonly string[];
  /** Null when it is not known; then it holds from ever. */
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
  /** When it was first said; null where Python did not note it. */
  readonly referenceTime: string | null;
  readonly attributes: Attributes;
}

/** Kept on a `_Meta` node beside the fact; see `ingest/claims.ts`. */
export interface FactEvidence {
  readonly key: string;
  readonly supports: readonly string[];
  readonly rivals: readonly string[];
  readonly wordings: readonly string[];
}

/** An episode that is taken out, with what nothing else speaks of. */
export interface RemovedEpisode {
  readonly uuid: string;
  readonly key: string;
}

/** A commit that changes nothing, to be filled. */
export const NO_CHANGES: Omit<Commit, keyof Fenced | 'now'> = {
  newEntities: [],
  labelled: [],
  attributed: [],
  aliases: [],
  newFacts: [],
  cutFacts: [],
  changedFacts: [],
  removedStatements: [],
  removedFacts: [],
  evidence: [],
  endings: [],
  summaries: [],
  mentions: [],
  episodes: [],
  movedFacts: [],
  removedEpisodes: [],
  removedEntities: [],
  removedNotes: [],
  rewordedFacts: [],
  renamedEntities: [],
  retold: [],
  clearedAliases: [],
  unlabelled: [],
  sagas: [],
  removedSagas: [],
  sagaLinks: [],
  removedCommunities: [],
  maskedEpisodes: [],
  maskedVectors: [],
};
