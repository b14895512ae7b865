import type { Metadata } from '../episode.ts';
import type { Attributes } from '../graph/queries/entities.ts';
import type { TokenUse } from '../models/language-model.ts';
import type { PassageKind } from '../passages/cut.ts';
import type { ScoreParts } from '../search/answer/ranking/rank.ts';
import type { ModelHealth } from '../telemetry/vital-signs.ts';
import type { Entity } from './reads/entities.ts';

// The results of the reading methods. Times are `Date`s here, and text in the graph's format in the layers below; `dates.ts` converts them.

/** An episode that a result comes from. */
export interface EpisodeReference {
  readonly uuid: string;
  readonly name: string;
  readonly referenceTime: Date;
  /** Where its text comes from, as described when it was stored; only where sources are named, and not if empty. */
  readonly sourceDescription?: string;
  /** The `file` of its metadata, if these have at most 4,000 characters; only where sources are named. */
  readonly file?: string;
  /** The session of its saga, or of its metadata; only where sources are named. */
  readonly session?: string;
}

/** A fact with two intervals: it held from `validAt` to `invalidAt`, and was known from `createdAt`, its end from `expiredAt`. */
export interface Fact {
  readonly uuid: string;
  /** One sentence. */
  readonly fact: string;
  /** SCREAMING_SNAKE_CASE, such as `WORKS_AT`. */
  readonly relation: string;
  /** Name of the entity that the fact is about. */
  readonly source: string;
  readonly sourceUuid: string;
  readonly target: string;
  readonly targetUuid: string;
  /** uuids of the episodes that state it. */
  readonly episodes: readonly string[];
  readonly validAt: Date | null;
  readonly invalidAt: Date | null;
  readonly createdAt: Date;
  readonly expiredAt: Date | null;
}

export interface FactDetails extends Fact {
  /** The attributes of the user's own type; often none. */
  readonly attributes: Attributes;
}

/** A fact that a search found. */
export interface FactHit extends Fact {
  readonly score: number;
  /** What each signal adds to the score; only in the default search. */
  readonly scoreParts?: ScoreParts;
  /** The uuid of a found passage whose excerpt states the same fact; text output shows only one of the two. */
  readonly statedIn?: string;
  /** The episodes that state it, earliest first. */
  readonly sources?: readonly EpisodeReference[];
  /** The attributes of the user's own type. */
  readonly attributes?: Attributes;
}

/** An episode that a search found. */
export interface EpisodeHit {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  readonly sourceDescription: string;
  readonly referenceTime: Date;
  readonly createdAt: Date | null;
  /** The sentence that is most relevant to the query. */
  readonly excerpt: string;
  readonly score: number;
}

/** An entity that a search found. */
export interface EntityHit {
  readonly uuid: string;
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: Date | null;
  readonly score: number;
  /** Episodes that mention it, oldest first. */
  readonly sources?: readonly EpisodeReference[];
  /** The attributes of the user's own type. */
  readonly attributes?: Attributes;
}

/** A community that a search found. */
export interface CommunityHit {
  readonly uuid: string;
  readonly name: string;
  readonly summary: string;
  readonly createdAt: Date | null;
  readonly score: number;
}

/** A part of an episode's text that a search found. */
export interface PassageHit {
  readonly uuid: string;
  readonly episode: EpisodeReference;
  /** From `start` up to before `end`, in UTF-16 units of the episode's text or of the text that `source` names. */
  readonly start: number;
  readonly end: number;
  /** `tool:<n>` for a passage of the input or output of the n-th tool in the episode's metadata. */
  readonly source?: string;
  readonly kind: PassageKind;
  /** The speaker, in lower case. */
  readonly role: string | null;
  /** Headings above it, the outermost first. */
  readonly headings: readonly string[];
  /** A short passage as a whole, otherwise the part that is most relevant to the query. Sentences that have ended are marked or replaced. */
  readonly excerpt: string;
  /** The number of items that the excerpt leaves out of a requested list, procedure or table; missing for none. */
  readonly omitted?: number;
  /** The time from which the whole passage is outdated; missing while a part of it is current. */
  readonly until?: Date;
  readonly sourceDescription: string;
  /** The reference time of its episode. */
  readonly referenceTime: Date;
  readonly score: number;
  /** What each signal adds to the score; outdated text lowers the score below their sum. */
  readonly scoreParts: ScoreParts;
}

/**
 * The results of a search, each kind best first. The default search returns at most `limit` facts and at most `limit` passages, and neither
 * if nothing relevant is known. Only scores of one search can be compared.
 */
export interface SearchResults {
  readonly facts: readonly FactHit[];
  /** Only in searches for episodes. */
  readonly episodes: readonly EpisodeHit[];
  /** Only in the default search. */
  readonly passages?: readonly PassageHit[];
  /** Only in searches for entities. */
  readonly entities?: readonly EntityHit[];
  /** Only in searches for communities. */
  readonly communities?: readonly CommunityHit[];
}

/** Everything that was ever known about an entity. */
export interface EntityHistory {
  /** The entities with this name; several when they share the name, none when it is unknown. */
  readonly entities: readonly Omit<Entity, 'attributes'>[];
  /** Sorted by the beginning; facts without a beginning come first. */
  readonly facts: readonly TimelineFact[];
}

/** A fact of a timeline or a history, with its sources and what ended it. */
export interface TimelineFact extends Fact {
  /** The episodes that state it, earliest first; at most 20. */
  readonly sources: readonly EpisodeReference[];
  /** The episodes that say that it ended, or that state what took its place; at most 20. */
  readonly endSources: readonly EpisodeReference[];
  /** uuid of the fact that took its place; null if none did. It may not be among the returned facts. */
  readonly replacedBy: string | null;
  /** The sentence that took its place, which may be of no fact; null if none did. */
  readonly replacement: string | null;
}

/** The facts of a memory or of one entity. */
export interface Timeline {
  /** The entities with the requested name; none for the whole memory, or when the name is unknown. */
  readonly entities: readonly Pick<Entity, 'name' | 'type' | 'uuid'>[];
  /** Sorted by the beginning; facts without a beginning come first. */
  readonly facts: readonly TimelineFact[];
  /** The number of all facts of the memory or of the entity, of which `facts` may be a part. */
  readonly count: number;
}

/** Where an entity is mentioned. */
export interface EntityMentions {
  /** Its other names, at most 50, sorted. */
  readonly aliases: readonly string[];
  /** The episodes that mention it, newest first. */
  readonly episodes: readonly EpisodeReference[];
  /** The number of all episodes that mention it. */
  readonly count: number;
}

/** An entity that an episode mentions. */
export interface EntityDetails {
  readonly uuid: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly summary: string;
  readonly createdAt: Date | null;
  readonly attributes: Attributes;
}

/** What was extracted from some episodes. */
export interface ExtractedItems {
  readonly entities: readonly EntityDetails[];
  /** Facts that the episodes state or ended. */
  readonly facts: readonly FactDetails[];
}

/** An episode as it was stored. */
export interface EpisodeOverview {
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
  /** See `EpisodeSource`. */
  readonly source: string;
  readonly sourceDescription: string;
  readonly referenceTime: Date;
  readonly createdAt: Date;
  /** Null until its facts are in the graph; also for episodes that Graphiti wrote. */
  readonly committedAt: Date | null;
  readonly metadata: Metadata | null;
}

/** A fact that an episode states or ended. */
export interface EpisodeFact extends Pick<Fact, 'uuid' | 'fact' | 'validAt' | 'invalidAt'> {
  /** False for a fact of other episodes that this one ended. */
  readonly isStated: boolean;
  /** The episodes that state it, earliest first; at most 20. */
  readonly sources: readonly EpisodeReference[];
  /** uuid and sentence of what took its place; null if it holds, or if nothing did. */
  readonly replacedBy: string | null;
  readonly replacement: string | null;
}

/** An episode with the facts that it states or ended, and the cost of its model calls. */
export interface EpisodeDetails extends EpisodeOverview {
  readonly saga: string | null;
  /** Facts that it states or that it ended, those that began first first. */
  readonly facts: readonly EpisodeFact[];
  /** Every call; for a call that served several episodes together, their number. */
  readonly use: readonly (TokenUse & { readonly episodes?: number })[];
}

/** A saga (a chain of episodes, such as a session) without its episodes. */
export interface SagaOverview {
  readonly name: string;
  /** The number of episodes. */
  readonly episodes: number;
  /** Reference times of the first and the last episode; null for a saga without episodes. */
  readonly first: Date | null;
  readonly last: Date | null;
}

/** A chain of episodes, such as a session. */
export interface Saga {
  readonly uuid: string;
  readonly name: string;
  /** Empty until it is summarized. */
  readonly summary: string;
  /** The number of all its episodes. */
  readonly episodeCount: number;
  /** Sorted by time. With a `limit`, that many of them after the first `offset`. */
  readonly episodes: readonly EpisodeReference[];
}

/** A text that an agent got as its briefing. */
export interface LastBriefing {
  /** The agent's program, such as `claude-code`. */
  readonly host: string;
  /** The session's id in that program; null if unknown. */
  readonly session: string | null;
  readonly deliveredAt: Date;
  readonly text: string;
}

/** A line of a briefing, with its source. */
export interface BriefingLine {
  readonly text: string;
  /** uuid of the episode that states it. */
  readonly episode: string;
  /** When it was stated. */
  readonly time: Date;
  /** `user` for a sentence that the user typed or confirmed, otherwise the source of the episode. */
  readonly source: string;
  /** When it began and ceased to hold; null or missing if unknown. */
  readonly from?: Date | null;
  readonly until?: Date | null;
}

/** The briefing of a session, the most important lines first in each part; empty parts and an empty text for an empty memory. */
export interface Briefing {
  readonly rules: readonly BriefingLine[];
  readonly tasks: readonly BriefingLine[];
  readonly decisions: readonly BriefingLine[];
  readonly facts: readonly BriefingLine[];
  readonly sessions: readonly BriefingLine[];
  /** The number of rules proposed by agents that the user has not confirmed. */
  readonly pending: number;
  readonly text: string;
  /** About how many tokens the text has. */
  readonly tokens: number;
}

/** A worker that is alive, as it reported itself. */
export interface WorkerStatus {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly roles: readonly string[];
  readonly startedAt: Date;
  /** Version of the package; missing if the worker is of an early release. */
  readonly version?: string | undefined;
  readonly state: 'working' | 'closing';
  /** The address of its `/health` and `/metrics`; null if it serves none. */
  readonly healthUrl: string | null;
  /** The state of each model, from the worker's own calls. */
  readonly models: Readonly<Record<string, ModelHealth>>;
  /** The embedder of a worker that reads texts; missing if the worker is of an early release. */
  readonly embedder?: { readonly model: string; readonly dimension: number } | undefined;
}

/** Progress of a change of a group's embedder. */
export interface ReembeddingStatus {
  /** The new embedder. */
  readonly model: string;
  readonly dimension: number;
  /** `replacing`: all texts are embedded, and commits wait until the graph is replaced. */
  readonly phase: 'embedding' | 'replacing';
  /** From 0 to 1, of this phase. */
  readonly progress: number;
  /** Time of the last update. */
  readonly updatedAt: Date;
}
