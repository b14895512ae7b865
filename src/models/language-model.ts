import type { EpisodeSource } from '../episode.ts';
import type { AttributeValue, Ontology } from '../ontology.ts';

/** The parts of an episode that a language model reads. */
export interface EpisodeText {
  readonly content: string;
  readonly source: Exclude<EpisodeSource, 'fact_triple'>;
  /** When the text's statements were true; relative dates count from here. */
  readonly referenceTime: Date;
  /** The source of the episode, such as a program's name. */
  readonly sourceDescription?: string;
  /** The previous texts, oldest first, cut to a budget; they resolve pronouns. */
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
  /** A graph label such as `Person`, or `Entity` if there is none. */
  readonly type: string;
  /** The values that the text states, for a type with attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface ExtractedFact {
  /** Name of an entity of the same extraction; never equal to `target`. */
  readonly source: string;
  readonly target: string;
  /** SCREAMING_SNAKE_CASE, such as `WORKS_AT`. */
  readonly relation: string;
  /** One sentence that can be understood alone. */
  readonly fact: string;
  /** When it began to hold. */
  readonly validAt: Date | null;
  /** When it ceased to hold; null while it holds. */
  readonly invalidAt: Date | null;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** The sentence of the episode that states the fact, word for word; missing if no single sentence does. */
  readonly evidence?: string;
}

/** Statements of an episode other than facts, each with its sentence, word for word. */
export type ExtractedNote = { readonly sentence: string } & (
  | {
      /** A property with one value at a time: a new value ends the old one. */
      readonly kind: 'value';
      readonly subject: string;
      readonly property: string;
      readonly value: string;
      /** The previous value, if the episode states it. */
      readonly replaces?: string;
    }
  | { /** A standing rule or preference. Callers must check that it is the user's. */ readonly kind: 'rule' }
  | { readonly kind: 'task'; readonly task: string; readonly isDone: boolean }
);

/** A statement that a relation between two entities no longer holds ("Harbor no longer uses Redis"). */
export interface EndedRelation {
  readonly source: string;
  readonly target: string;
  readonly at: Date;
}

/** The cost of one call. */
export interface TokenUse {
  readonly purpose: 'extract' | 'resolve' | 'summarize' | 'score' | 'embed';
  readonly model: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Rows of the reply that could not be read and were dropped. */
  readonly rowsDropped?: number;
}

/** Stored extractions of the parts of a long episode, by the part's text, so that a part is paid for once. */
export interface ExtractionCache {
  get(part: string): Promise<Extraction | undefined>;
  /** Never fails; the caller has the extraction anyway. */
  set(part: string, extraction: Extraction): Promise<void>;
}

export const NO_EXTRACTION_CACHE: ExtractionCache = { get: async () => undefined, set: async () => {} };

export interface Extraction {
  readonly entities: readonly ExtractedEntity[];
  readonly facts: readonly ExtractedFact[];
  readonly ended: readonly EndedRelation[];
  /** Missing from models that do not look for notes. */
  readonly notes?: readonly ExtractedNote[];
  /** Every call for this extraction, including failed ones; missing for models that cost nothing. */
  readonly use?: readonly TokenUse[];
}

/** A new entity for which rules could not decide whether it is an existing one. */
export interface EntityQuestion {
  readonly name: string;
  readonly type: string;
  /** Some facts of its episode about it. */
  readonly facts: readonly string[];
  readonly candidates: readonly EntityCandidate[];
}

export interface EntityCandidate {
  readonly name: string;
  readonly type: string;
  readonly summary: string;
}

/** A fact with its entities and dates, as in a prompt. */
export interface DatedFact {
  readonly source: string;
  readonly target: string;
  readonly relation: string;
  readonly fact: string;
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
}

/** A new fact and the existing ones that share an entity with it and are about a similar matter. */
export interface FactQuestion {
  readonly fact: DatedFact;
  readonly candidates: readonly DatedFact[];
}

/** The questions of one group commit that rules could not decide. */
export interface ResolutionRequest {
  readonly entities: readonly EntityQuestion[];
  readonly facts: readonly FactQuestion[];
}

/** The answers, one per question, in the same order. Numbers are indexes into the question's candidates. */
export interface ResolutionResult {
  /** The candidate that is the same entity; null for none, also in doubt. */
  readonly entities: readonly (number | null)[];
  readonly facts: readonly FactResolution[];
  readonly use?: readonly TokenUse[];
}

export interface FactResolution {
  /** The candidate that says the same in other words; its dates may differ. */
  readonly repeats: number | null;
  /** Candidates that cannot hold at the same time as the new fact. */
  readonly contradicts: readonly number[];
}

/** Something to summarize in a few sentences. */
export interface SummarySubject {
  readonly kind: 'entity' | 'community' | 'saga';
  /** Empty for a community that has no name yet. */
  readonly name: string;
  /** The summary so far; empty for none. */
  readonly previousSummary: string;
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
  /** For each passage, how well it answers the query, from 0 to 1. */
  readonly scores: readonly number[];
  readonly use?: readonly TokenUse[];
}

/**
 * Reads and judges text. Implementations: `local/` (rules, no network), `chat/` on top of a provider such as `openai/`.
 * Every method throws `ModelUnavailableError` (no answer now), `ModelBusyError` (the server asks callers to wait), `ModelFailedError`
 * (an invalid answer), `UnusableReplyError` (a valid answer without usable content) or `ConfigError` (missing or refused key, unknown model).
 */
export interface LanguageModel {
  /** Model and version of its prompts, e.g. `local-rules-3`; part of the key of memoised results. */
  readonly id: string;
  /** True if `extract` uses previous episodes; otherwise they are not looked up. */
  readonly readsPrevious: boolean;
  /** False if `resolve` never decides anything; then no candidates are looked up. */
  readonly resolves: boolean;
  /** Finds entities and dated facts, in one call unless the text is very long; extractions of its parts are memoised. */
  extract(episode: EpisodeText, memo?: ExtractionCache): Promise<Extraction>;
  /** Decides all questions in one call. */
  resolve(undecided: ResolutionRequest): Promise<ResolutionResult>;
  /** Summarizes each subject in a few sentences, all in one call. */
  summarize(subjects: readonly SummarySubject[]): Promise<Summaries>;
  /** Scores how well each passage answers a query, all in one call. */
  score(query: string, passages: readonly string[]): Promise<Scores>;
  close(): Promise<void>;
}
