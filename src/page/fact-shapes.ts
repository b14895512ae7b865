import * as z from 'zod/mini';

// The shapes of facts and of lines of an answer; see `schemas.ts`.

const time = z.string();
const timeOrNull = z.nullable(time);
const count = z.number();

export const Source = z.object({
  ...{ uuid: z.string(), name: z.string(), referenceTime: time },
  /** The file of the text or the description of its source; null for neither. */
  origin: z.nullable(z.string()),
  session: z.nullable(z.string()),
});
export type Source = z.output<typeof Source>;
export const Fact = z.object({
  uuid: z.string(),
  fact: z.string(),
  relation: z.string(),
  source: z.string(),
  sourceUuid: z.string(),
  target: z.string(),
  targetUuid: z.string(),
  validAt: timeOrNull,
  invalidAt: timeOrNull,
  createdAt: timeOrNull,
  expiredAt: timeOrNull,
});
export type Fact = z.output<typeof Fact>;

/** The sources of a fact, and the sources of its end. */
const provenance = {
  /** The first episodes that state it, of `sourceCount` in all. */
  sources: z.array(Source),
  sourceCount: count,
  /** The first episodes that ended it. */
  endSources: z.array(Source),
  /** The sentence that replaced it. */
  replacement: z.nullable(z.string()),
  /** uuid of the episode that states the fact as a rule. */
  ruleOf: z.nullable(z.string()),
};
export const KnownFact = z.extend(Fact, provenance);
export type KnownFact = z.output<typeof KnownFact>;

export const TimelineFact = z.object({
  ...{ uuid: z.string(), fact: z.string(), source: z.string(), sourceUuid: z.string() },
  ...{ validAt: timeOrNull, invalidAt: timeOrNull, createdAt: timeOrNull, expiredAt: timeOrNull },
  /** uuid of the fact that replaced it, which the reply may not contain. */
  replacedBy: z.nullable(z.string()),
  ...provenance,
});
export type TimelineFact = z.output<typeof TimelineFact>;

/** The contribution of each ranking signal to a score. */
const ScoreParts = z.record(z.string(), z.number());

export const FactHit = z.extend(Fact, {
  ...{ score: z.number(), scoreParts: ScoreParts, sources: z.array(Source) },
  ruleOf: z.nullable(z.string()),
});
export const PassageResult = z.object({
  uuid: z.string(),
  episode: Source,
  excerpt: z.string(),
  kind: z.string(),
  role: z.nullable(z.string()),
  headings: z.array(z.string()),
  until: timeOrNull,
  /** uuid of its episode, if the excerpt contains a rule. */
  ruleOf: z.nullable(z.string()),
  score: z.number(),
  scoreParts: ScoreParts,
});
export type PassageResult = z.output<typeof PassageResult>;

export const EpisodeFact = z.object({
  ...{ uuid: z.string(), fact: z.string(), validAt: timeOrNull, invalidAt: timeOrNull },
  ...{ sources: z.array(Source), sourceCount: count, replacement: z.nullable(z.string()), isRule: z.boolean() },
});
export type EpisodeFact = z.output<typeof EpisodeFact>;
