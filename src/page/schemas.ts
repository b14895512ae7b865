import * as z from 'zod/mini';
import { EpisodeFact, FactHit, KnownFact, PassageResult, Source, TimelineFact } from './fact-shapes.ts';
import { DeadLetter, OPERATION_CALLS, Redaction } from './operation-shapes.ts';

export type { EpisodeFact, Fact, KnownFact, PassageResult, Source, TimelineFact } from './fact-shapes.ts';
export type {
  Archive,
  ArchiveWork,
  Cost,
  DeadLetter,
  EraseContents,
  Minute,
  Redaction,
  SessionTurn,
  WaitingJob,
} from './operation-shapes.ts';

// Requests and replies of the page, shared by its server and the browser. Times are ISO 8601 texts. No list is longer than its limit.

const time = z.string();
const timeOrNull = z.nullable(time);
const count = z.number();

export const LIMITS = {
  /** Characters of a question, a name or an id. */
  text: 1000,
  answers: 50,
  entities: 200,
  facts: 1000,
  /** Facts of a timeline. */
  timeline: 5000,
  /** Characters of a fact on a timeline. */
  line: 400,
  episodes: 1000,
  sources: 20,
  /** Sources of a fact in a list. */
  sourcesOfFact: 3,
  suggestions: 8,
  /** Characters of an episode's text; only the command line shows the rest. */
  content: 200_000,
  /** Characters of an episode in a list. */
  preview: 280,
  deadLetters: 200,
  groups: 1000,
  forgotten: 200,
  /** Characters of a text that a preview of forgetting quotes. */
  quoted: 2000,
  /** Bytes of a request. */
  request: 65_536,
} as const;

const text = z.string().check(z.minLength(1), z.maxLength(LIMITS.text));
const upTo = (most: number, usual: number) =>
  z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(most)), usual);
const instant = z.optional(z.iso.datetime({ offset: true }));
const ofGroup = { group: z.optional(text) };

const EntityItem = z.object({ uuid: z.string(), name: z.string(), type: z.string(), summary: z.string() });
/** The counts are null in results of a search. */
const EntityRow = z.extend(EntityItem, { facts: z.nullable(count), lastMentioned: timeOrNull });
export type EntityRow = z.output<typeof EntityRow>;
export type EntityItem = z.output<typeof EntityItem>;

/** The failure that keeps an episode from being read; `isFailed` if it is a dead letter. */
const WaitState = z.object({ isFailed: z.boolean(), reason: z.nullable(z.string()) });
export type WaitState = z.output<typeof WaitState>;

const EpisodeRow = z.object({
  uuid: z.string(),
  name: z.string(),
  preview: z.string(),
  source: z.string(),
  sourceDescription: z.string(),
  /** The file of its metadata; null for none, and in results of a search. */
  file: z.nullable(z.string()),
  referenceTime: time,
  session: z.nullable(z.string()),
  /** False until its facts are in the graph; null if unknown. */
  isCommitted: z.nullable(z.boolean()),
  isRule: z.boolean(),
  /** Null if no failed attempt is known. */
  waits: z.nullable(WaitState),
});
export type EpisodeRow = z.output<typeof EpisodeRow>;

const Jobs = z.object({ waiting: count, active: count, delayed: count, failed: count });
export type Jobs = z.output<typeof Jobs>;

const Named = z.object({ uuid: z.string(), name: z.string() });
const Sentence = z.object({ uuid: z.string(), fact: z.string() });
const ForgetPreview = z.object({
  episodes: z.array(Named),
  facts: z.array(Sentence),
  /** Facts that stay, and facts that become current again. */
  kept: z.array(Sentence),
  reopened: z.array(Sentence),
  entities: z.array(Named),
  maskedEpisodes: z.array(Named),
  similar: z.array(Named),
  /** Totals, also of lists that were cut. */
  counts: z.object({
    episodes: count,
    facts: count,
    entities: count,
    maskedEpisodes: count,
    similar: count,
    reopened: count,
  }),
  keptFacts: count,
  reopenedFacts: count,
  summaries: count,
});
export type ForgetPreview = z.output<typeof ForgetPreview>;

/** A `StatusProblem`, and when this server first saw it. */
const Problem = z.object({
  level: z.enum(['problem', 'warning']),
  ...{ message: z.string(), remedy: z.string(), since: timeOrNull, noticedAt: time, stopsReading: z.boolean() },
});

const AgentWork = z.nullable(
  z.object({ host: z.string(), at: time, outcome: z.enum(['ok', 'late', 'failed']), reason: z.nullable(z.string()) }),
);

const Now = z.object({
  /** Most severe first. */
  problems: z.array(Problem),
  /** Both servers answer, and new texts can be read. */
  isWorking: z.boolean(),
  /** How many are running. */
  workers: count,
  jobs: z.nullable(Jobs),
  oldestWaitingMs: z.nullable(count),
  lastCommitAgeMs: z.nullable(count),
  /** The reason of the latest failed job. */
  lastDeadLetter: z.nullable(z.string()),
  restoreTestAgeMs: z.nullable(count),
  size: z.nullable(z.object({ episodes: count, entities: count, facts: count })),
  spooled: count,
  /** Dollars that all workers have spent today (UTC), including maintenance; null if no model has a price. */
  spentToday: z.nullable(count),
  /** Dollars for a day; null without MEMORY_BUDGET. */
  dailyLimit: z.nullable(count),
  /** The latest stored turn and the latest recall of agents on this machine. */
  agents: z.object({ capture: AgentWork, recall: AgentWork }),
});
export type Now = z.output<typeof Now>;

/** Every call of the page: its method and the shapes of its input and reply. Only a `POST` changes anything. */
export const CALLS = {
  session: {
    method: 'GET',
    input: z.object({}),
    reply: z.object({ group: z.string(), isReadOnly: z.boolean(), version: z.string() }),
  },
  groups: {
    method: 'GET',
    input: z.object({}),
    reply: z.object({
      groups: z.array(
        z.object({
          group: z.string(),
          episodes: count,
          entities: count,
          facts: count,
          lastEpisode: timeOrNull,
          /** The folder where an agent on this machine last used the memory. */
          project: z.nullable(z.string()),
        }),
      ),
      isCut: z.boolean(),
    }),
  },
  now: { method: 'GET', input: z.object(ofGroup), reply: Now },
  briefing: {
    method: 'GET',
    input: z.object(ofGroup),
    reply: z.object({
      ...{ text: z.string(), tokens: count, pending: count },
      /** The last briefing that an agent got; null if none is known. */
      last: z.nullable(
        z.object({ host: z.string(), session: z.nullable(z.string()), deliveredAt: time, text: z.string() }),
      ),
    }),
  },
  answer: {
    method: 'GET',
    input: z.object({
      ...ofGroup,
      query: text,
      asOf: instant,
      knownAt: instant,
      limit: upTo(LIMITS.answers, 10),
      budget: z._default(z.coerce.number().check(z.int(), z.minimum(50), z.maximum(8000)), 800),
    }),
    reply: z.object({
      facts: z.array(FactHit),
      passages: z.array(PassageResult),
      /** The answer as an agent reads it. */
      block: z.string(),
      /** When the memory stored its first text, if the answer is empty because the question is about an earlier time. */
      firstStoredAt: timeOrNull,
    }),
  },
  entities: {
    method: 'GET',
    input: z.object({
      ...ofGroup,
      type: z.optional(text),
      query: z.optional(text),
      order: z._default(z.enum(['facts', 'mentioned', 'name']), 'facts'),
      offset: z._default(z.coerce.number().check(z.int(), z.minimum(0), z.maximum(10_000_000)), 0),
      limit: upTo(LIMITS.entities, 60),
    }),
    reply: z.object({ entities: z.array(EntityRow), isCut: z.boolean() }),
  },
  /** Entities that match the text typed so far. */
  suggestions: {
    method: 'GET',
    input: z.object({ ...ofGroup, typed: text }),
    reply: z.object({
      /** `called` is the name or alias that matches. */
      entities: z.array(z.object({ uuid: z.string(), name: z.string(), type: z.string(), called: z.string() })),
    }),
  },
  entity: {
    method: 'GET',
    input: z.object({ ...ofGroup, entity: text }),
    reply: z.object({
      entity: EntityItem,
      facts: z.array(KnownFact),
      isCut: z.boolean(),
      /** Its other names. */
      aliases: z.array(z.string()),
      /** The latest episodes that mention it, of `mentions` in all. */
      episodes: z.array(Source),
      mentions: count,
    }),
  },
  timeline: {
    method: 'GET',
    input: z.object({
      ...ofGroup,
      entity: z.optional(text),
      /** The requested period, used only if there are more facts than `limit`. */
      from: instant,
      to: instant,
      limit: upTo(LIMITS.timeline, 1000),
    }),
    reply: z.object({
      entity: z.nullable(z.object({ uuid: z.string(), name: z.string(), type: z.string() })),
      /** Ordered by the time from which they hold. */
      facts: z.array(TimelineFact),
      /** Number of all facts of the memory or of the entity. */
      count,
    }),
  },
  episodes: {
    method: 'GET',
    input: z.object({ ...ofGroup, query: z.optional(text), limit: upTo(LIMITS.episodes, 40) }),
    reply: z.object({ episodes: z.array(EpisodeRow), isCut: z.boolean() }),
  },
  episode: {
    method: 'GET',
    input: z.object({ ...ofGroup, episode: text }),
    reply: z.object({
      uuid: z.string(),
      name: z.string(),
      content: z.string(),
      isCut: z.boolean(),
      source: z.string(),
      sourceDescription: z.string(),
      file: z.nullable(z.string()),
      referenceTime: time,
      createdAt: time,
      committedAt: timeOrNull,
      session: z.nullable(z.string()),
      /** False if only the metadata name the session, which then has no screen. */
      isInSession: z.boolean(),
      /** Facts that the episode states. */
      facts: z.array(EpisodeFact),
      /** Facts of other episodes that it ended. */
      endedFacts: z.array(EpisodeFact),
      /** Rules that the episode states. */
      rules: z.array(z.string()),
      entities: z.array(Named),
      use: z.array(
        z.object({
          purpose: z.string(),
          model: z.string(),
          promptTokens: count,
          completionTokens: count,
          /** Null where the price of the model is unknown. */
          dollars: z.nullable(count),
          /** Number of episodes that share the call. */
          episodes: count,
        }),
      ),
      redactions: z.array(Redaction),
      /** Null once the episode is read. */
      waits: z.nullable(WaitState),
      /** For an episode that was stored as a fact: its sentence and the period in which it holds. */
      stated: z.nullable(z.object({ fact: z.string(), validAt: timeOrNull, invalidAt: timeOrNull })),
    }),
  },
  previewForget: {
    method: 'GET',
    input: z.object({ ...ofGroup, episode: text }),
    reply: z.object({
      effects: ForgetPreview,
      /** The start of the text; `isCut` if there is more. */
      text: z.string(),
      isCut: z.boolean(),
      /** Rules that would end. */
      rules: z.array(z.string()),
      /** Archives that contain the text; forgetting does not change them. The place is null if it cannot be reached or is not set. */
      archives: z.object({ group: z.string(), place: z.nullable(z.string()), count, isCut: z.boolean() }),
      fingerprint: z.string(),
    }),
  },
  forget: {
    method: 'POST',
    input: z.object({ ...ofGroup, episode: text, fingerprint: text }),
    reply: z.object({ effects: ForgetPreview }),
  },
  deadLetters: {
    method: 'GET',
    input: z.object({ limit: upTo(LIMITS.deadLetters, 50) }),
    reply: z.object({ store: Jobs, export: Jobs, letters: z.array(DeadLetter), isCut: z.boolean() }),
  },
  ...OPERATION_CALLS,
} as const;

export type CallName = keyof typeof CALLS;
export type Input<Name extends CallName> = z.input<(typeof CALLS)[Name]['input']>;
export type CallInput<Name extends CallName> = z.output<(typeof CALLS)[Name]['input']>;
export type Reply<Name extends CallName> = z.output<(typeof CALLS)[Name]['reply']>;

/** A refusal or failure, in a sentence for the user. */
export const Failure = z.object({ code: z.string(), message: z.string() });

/** One line of the stream of live updates: the state of the queue of episodes, and of the latest work on archives. */
export const LiveUpdate = z.object({
  /** Null while Valkey does not answer. */
  jobs: z.nullable(Jobs),
  completed: count,
  /** Changes whenever a job of the queue ends. */
  lastEnded: z.string(),
  work: z.nullable(z.string()),
});
export type LiveUpdate = z.output<typeof LiveUpdate>;
