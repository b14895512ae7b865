/** What a forgetting takes away, by uuid. */
export interface Wanted {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** True also takes the episodes that tell the facts and name the entities. */
  readonly withEpisodes: boolean;
}

/** What a forgetting did to a graph, or would do; uuids. */
export interface Gone {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** Episodes that stay and whose texts may say it still. */
  readonly telling: readonly string[];
  /** Facts that other episodes state too. */
  readonly keptFacts: number;
  /** Facts that hold again, because only this had ended them. */
  readonly reopenedFacts: number;
  /** Summaries of entities, sagas and communities that were made anew or dropped. */
  readonly summaries: number;
}
