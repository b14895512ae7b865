/** What a forget task removes, by uuid. */
export interface ForgetTargets {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** True also removes the episodes that state the facts and name the entities. */
  readonly withEpisodes: boolean;
}

/** What a forget task did, or would do, to a graph; uuids. */
export interface ForgetEffects {
  readonly episodes: readonly string[];
  readonly facts: readonly string[];
  readonly entities: readonly string[];
  /** Remaining episodes whose texts may still state it. */
  readonly telling: readonly string[];
  /** Facts that other episodes state too. */
  readonly keptFacts: number;
  /** Facts that hold again, because only this had ended them. */
  readonly reopenedFacts: number;
  /** Summaries of entities, sagas and communities that were rebuilt or removed. */
  readonly summaries: number;
}
