import type { EpisodeSource } from '../episode.ts';
import type { AttributeValue, Ontology } from '../ontology.ts';

/** What a language model is shown of an episode. */
export interface EpisodeText {
  readonly content: string;
  readonly source: Exclude<EpisodeSource, 'fact_triple'>;
  /** When what the text says was true; relative dates count from here. */
  readonly referenceTime: Date;
  /** Who handed it in. */
  readonly sourceDescription?: string;
  /** The texts before it, oldest first, cut to a budget; they show who a pronoun refers to. */
  readonly previous?: readonly PreviousText[];
  /** The types to look for. */
  readonly ontology?: Ontology;
}

export interface PreviousText {
  readonly content: string;
  readonly referenceTime: Date;
}

export interface ExtractedEntity {
  readonly name: string;
  /** A graph label such as `Person`, or `Entity` where nothing more is known. */
  readonly type: string;
  /** Of a type with attributes: those that the text tells. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
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
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** The sentence of the episode in which it stands, word for word; not given where it stands in none. */
  readonly evidence?: string;
}

/** What an episode says in addition to facts, each with its sentence, word for word. */
export type ReadNote = { readonly sentence: string } & (
  | {
      /** A property that has one value at a time: a new value ends the old one. */
      readonly kind: 'value';
      readonly subject: string;
      readonly property: string;
      readonly value: string;
      /** The value that it had before, where the episode says so. */
      readonly replaces?: string;
    }
  | { /** A lasting instruction or preference; whose it is, its readers have to check. */ readonly kind: 'rule' }
  | { readonly kind: 'task'; readonly task: string; readonly isDone: boolean }
);

/** A statement that whatever held between two entities holds no more ("Harbor no longer uses Redis"). */
export interface EndedRelation {
  readonly source: string;
  readonly target: string;
  readonly at: Date;
}

/** What one call cost. */
export interface TokenUse {
  readonly purpose: 'extract' | 'resolve' | 'summarize' | 'score' | 'embed';
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Rows of the reply that could not be read and were left out; the others were used. */
  readonly rowsDropped?: number;
}

/** What was read of the parts of one long episode, each under its own text, so that a part is paid for once. */
export interface PartMemo {
  get(part: string): Promise<Extraction | undefined>;
  /** Never fails: what cannot be kept is in hand all the same. */
  keep(part: string, extraction: Extraction): Promise<void>;
}

export const NO_MEMO: PartMemo = { get: async () => undefined, keep: async () => {} };

export interface Extraction {
  readonly entities: readonly ExtractedEntity[];
  readonly facts: readonly ExtractedFact[];
  readonly ended: readonly EndedRelation[];
  /** None from models that do not look for them. */
  readonly notes?: readonly ReadNote[];
  /** Every call that was made for it, failed ones included; none for models that cost nothing. */
  readonly use?: readonly TokenUse[];
}

/** A new entity that rules could neither join with a known one nor tell apart from all of them. */
export interface EntityQuestion {
  readonly name: string;
  readonly type: string;
  /** Some of what its episode says of it. */
  readonly facts: readonly string[];
  readonly candidates: readonly EntityCandidate[];
}

export interface EntityCandidate {
  readonly name: string;
  readonly type: string;
  readonly summary: string;
}

/** A fact with its ends and dates, as a model is shown it. */
export interface DatedFact {
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly fact: string;
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

/** A new fact and the known ones that share an entity with it and have to do with the same. */
export interface FactQuestion {
  readonly fact: DatedFact;
  readonly candidates: readonly DatedFact[];
}

/** What one group commit could not decide by rules. */
export interface Undecided {
  readonly entities: readonly EntityQuestion[];
  readonly facts: readonly FactQuestion[];
}

/** The answers, one for each question, in the same order. Numbers are places in the question's candidates. */
export interface Verdict {
  /** The candidate that is the same thing in the world; null for none, also when in doubt. */
  readonly entities: readonly (number | null)[];
  readonly facts: readonly FactVerdict[];
  readonly use?: readonly TokenUse[];
}

export interface FactVerdict {
  /** The candidate that says the same in other words, whatever the dates. */
  readonly repeats: number | null;
  /** Candidates that cannot hold at the same time as the new fact. */
  readonly contradicts: readonly number[];
}

/** Something to summarize in a few sentences. */
export interface Subject {
  readonly kind: 'entity' | 'community' | 'saga';
  /** What it is called; empty for a community that has no name yet. */
  readonly name: string;
  /** The summary so far; empty for none. */
  readonly known: string;
  /** The material: current facts, members' summaries, episodes in the order of time. */
  readonly texts: readonly string[];
}

export interface Summary {
  /** A few words; the name of a community. */
  readonly title: string;
  /** At most 1,000 characters. */
  readonly text: string;
}

export interface Summaries {
  /** One for each subject, in the same order. */
  readonly summaries: readonly Summary[];
  readonly use?: readonly TokenUse[];
}

export interface Scores {
  /** For each passage how well it answers, from 0 to 1. */
  readonly scores: readonly number[];
  readonly use?: readonly TokenUse[];
}

/**
 * Reads and judges text. Implementations: `local/` (rules, no network), `openai/` (any compatible server).
 * Every method throws `ModelUnavailableError` (no server, or none that can answer now), `ModelBusyError` (asks callers to wait), `ModelFailedError` (an answer
 * that is none), `UnusableReplyError` (answers, but nothing that can be used) or `ConfigError` (missing or refused key, unknown model).
 */
export interface LanguageModel {
  /** Model and version of its instructions, e.g. `local-rules-3`; part of the key of everything remembered about a call. */
  readonly id: string;
  /** True when `extract` makes use of previous episodes; they are not looked up otherwise. */
  readonly readsPrevious: boolean;
  /** False when `resolve` never decides anything; what could be asked is not looked for then. */
  readonly resolves: boolean;
  /** Finds entities and dated facts; in one call unless the text is very long, whose parts are then looked for in the memo. */
  extract(episode: EpisodeText, memo?: PartMemo): Promise<Extraction>;
  /** Decides all questions in one call. */
  resolve(undecided: Undecided): Promise<Verdict>;
  /** Summarizes each subject in a few sentences, all in one call. */
  summarize(subjects: readonly Subject[]): Promise<Summaries>;
  /** Scores how well each passage answers a query, all in one call. */
  score(query: string, passages: readonly string[]): Promise<Scores>;
  close(): Promise<void>;
}
