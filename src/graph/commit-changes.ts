import type { AttributeValue } from '../ontology.ts';
import type { Fenced } from './queries/fence.ts';
import type { PassageVector } from './queries/passages.ts';

/** Null removes an attribute. */
export type AttributeChanges = Readonly<Record<string, AttributeValue | null>>;

/** All changes of one group commit. Dates are in the graph's format. Every uuid is given, so that repeating the commit changes nothing. */
export interface CommitChanges extends Fenced {
  readonly now: string;
  readonly newEntities: readonly NewEntity[];
  /** The new type of an entity that had none. */
  readonly labelled: readonly { readonly uuid: string; readonly label: string }[];
  readonly attributed: readonly { readonly uuid: string; readonly attributes: AttributeChanges }[];
  readonly aliases: readonly { readonly key: string; readonly alias: string; readonly entity: string }[];
  readonly newFacts: readonly NewFact[];
  /** The later parts of facts that were split in two. They have the sentence, vector and attributes of the first part. */
  readonly splitFacts: readonly SplitFact[];
  /** Facts that were stated again, ended or both, with their new values. */
  readonly changedFacts: readonly ChangedFact[];
  /** Statements of the sentences that forgotten facts came from. */
  readonly removedStatements: readonly { readonly id: string; readonly episode: string }[];
  /** Facts that were merged into another. */
  readonly removedFacts: readonly { readonly uuid: string; readonly source: string; readonly target: string }[];
  readonly evidence: readonly FactEvidence[];
  readonly endings: readonly { readonly key: string; readonly endings: readonly string[] }[];
  /** New summaries of existing entities; too long ones are listed, so that a model shortens them later. */
  readonly summaries: readonly { readonly uuid: string; readonly summary: string; readonly isLong: boolean }[];
  readonly mentions: readonly { readonly uuid: string; readonly episode: string; readonly entity: string }[];
  /** Of existing passages; one that has a vector keeps it. */
  readonly passageVectors: readonly PassageVector[];
  readonly episodes: readonly {
    readonly uuid: string;
    readonly key: string;
    readonly facts: readonly string[];
    readonly use: string | null;
    /** See `ingest/mention-notes.ts`. */
    readonly told: string | null;
  }[];
  /** Facts that earlier episodes state under another uuid now, or have ended. */
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
  /** Facts with new attributes and the same dates. */
  readonly reattributedFacts: readonly {
    readonly uuid: string;
    readonly source: string;
    readonly target: string;
    readonly attributes: AttributeChanges;
  }[];
  readonly renamedEpisodes: readonly { readonly uuid: string; readonly name: string; readonly description: string }[];
  /** Sagas with a new name or summary. */
  readonly maskedSagas: readonly { readonly uuid: string; readonly name: string; readonly summary: string }[];
  /** Entities with a new name, since no episode uses the old one. */
  readonly renamedEntities: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly embedding: readonly number[];
  }[];
  /** Mentions of remaining episodes, without removed entities. */
  readonly retold: readonly { readonly key: string; readonly told: string | null }[];
  /** Entities whose aliases are removed before `aliases` are written. */
  readonly clearedAliases: readonly { readonly uuid: string }[];
  /** Types that no episode states any more. They are removed before new ones are set. */
  readonly unlabelled: readonly { readonly uuid: string; readonly label: string }[];
  /** Sagas that lost episodes, with their new first and last episode; their summaries are removed. */
  readonly sagas: readonly { readonly uuid: string; readonly first: string; readonly last: string }[];
  readonly removedSagas: readonly { readonly uuid: string }[];
  /** Episodes that became neighbours. */
  readonly sagaLinks: readonly { readonly a: string; readonly b: string }[];
  readonly removedCommunities: readonly { readonly uuid: string; readonly key: string }[];
  /** Remaining episodes without the sentences of forgotten facts. */
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
  readonly attributes: AttributeChanges;
  readonly embedding: readonly number[];
}

export interface SplitFact extends ChangedFact {
  /** uuid of the fact that it was a part of. */
  readonly of: string;
  readonly createdAt: string;
}

export interface NewFact extends Omit<SplitFact, 'of'> {
  readonly relation: string;
  readonly fact: string;
  readonly embedding: readonly number[];
}

export interface ChangedFact {
  readonly uuid: string;
  readonly source: string;
  readonly target: string;
  readonly episodes: readonly string[];
  /** Null when unknown; then the fact has no beginning. */
  readonly validAt: string | null;
  readonly invalidAt: string | null;
  readonly expiredAt: string | null;
  /** When the fact was first stated; null if Python did not store the time. */
  readonly referenceTime: string | null;
  readonly attributes: AttributeChanges;
}

/** Stored on a `_Meta` node next to the fact; see `ingest/claims.ts`. */
export interface FactEvidence {
  readonly key: string;
  readonly supports: readonly string[];
  readonly rivals: readonly string[];
  readonly wordings: readonly string[];
}

/** An episode to remove, with everything that no other episode states. */
export interface RemovedEpisode {
  readonly uuid: string;
  readonly key: string;
}

/** A commit without changes, as a start. */
export const NO_CHANGES: Omit<CommitChanges, keyof Fenced | 'now'> = {
  newEntities: [],
  labelled: [],
  attributed: [],
  aliases: [],
  newFacts: [],
  splitFacts: [],
  changedFacts: [],
  removedStatements: [],
  removedFacts: [],
  evidence: [],
  endings: [],
  summaries: [],
  mentions: [],
  passageVectors: [],
  episodes: [],
  movedFacts: [],
  removedEpisodes: [],
  removedEntities: [],
  removedNotes: [],
  rewordedFacts: [],
  reattributedFacts: [],
  renamedEpisodes: [],
  maskedSagas: [],
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
