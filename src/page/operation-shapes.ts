import * as z from 'zod/mini';

// The calls about archives, queues, whole memories, sessions and rules; `schemas.ts` joins them with the others.

const time = z.string();
const timeOrNull = z.nullable(time);
const count = z.number();
const text = z.string().check(z.minLength(1), z.maxLength(1000));
const ofGroup = { group: z.optional(text) };
const fingerprint = text;

export const OPERATION_LIMITS = {
  archives: 200,
  sessions: 500,
  /** Turns of a session on one page. */
  turns: 20,
  /** Characters of a turn in its session, and of a session's summary. */
  turn: 1200,
  summary: 4000,
  /** Characters of a job's payload and of each of its latest failures. */
  payload: 20_000,
  detail: 4000,
  details: 20,
  /** Jobs of both queues together. */
  waitingJobs: 50,
  /** Characters of an episode in which sentences are looked for. */
  searched: 8000,
  /** Sentences of an episode that are offered as a rule. */
  suggestions: 12,
  /** Characters of a rule. */
  rule: 300,
  /** Maximum period of the cost of reading: 31 days. */
  spendingMs: 31 * 86_400_000,
} as const;

const Archive = z.object({
  file: z.string(),
  createdAt: time,
  bytes: count,
  episodes: count,
  entities: count,
  facts: count,
  verifiedAt: timeOrNull,
  restoredAt: timeOrNull,
});
export type Archive = z.output<typeof Archive>;

const workKind = z.enum(['export', 'verify', 'restoreTest']);
/** Work on archives that the page's server has started or waits for. The server keeps only the latest. */
const ArchiveWork = z.object({
  id: z.string(),
  kind: workKind,
  group: z.string(),
  /** Empty for an export. */
  file: z.string(),
  startedAt: time,
  /** From 0 to 1. */
  share: z.number(),
  state: z.enum(['running', 'done', 'failed']),
  /** The outcome in a sentence; empty while the work runs. */
  message: z.string(),
});
export type ArchiveWork = z.output<typeof ArchiveWork>;

const Minute = z.object({
  start: time,
  completed: count,
  failed: count,
  /** Median time from enqueueing to the end of up to ten episodes of this minute; null if there are none. */
  medianMs: z.nullable(count),
  slowestMs: z.nullable(count),
});
export type Minute = z.output<typeof Minute>;

export const DeadLetter = z.object({
  id: z.string(),
  queue: z.enum(['store', 'export']),
  job: z.string(),
  group: z.nullable(z.string()),
  /** The first words of an episode; null for another job. */
  text: z.nullable(z.string()),
  reason: z.string(),
  error: z.nullable(z.string()),
  attempts: count,
  queuedAt: time,
  failedAt: time,
});
export type DeadLetter = z.output<typeof DeadLetter>;

const WaitingJob = z.object({
  ...{ id: z.string(), queue: z.enum(['store', 'export']), job: z.string(), group: z.nullable(z.string()) },
  state: z.enum(['active', 'waiting', 'delayed']),
  /** The first words of an episode; null for another job. */
  text: z.nullable(z.string()),
  queuedAt: time,
  /** Why the last attempt failed or was postponed, the kind of that failure, and since when the job waits for it. */
  ...{ reason: z.nullable(z.string()), error: z.nullable(z.string()), since: timeOrNull },
  nextTryAt: timeOrNull,
  /** Attempts that count; postponed ones do not. */
  attempts: count,
});
export type WaitingJob = z.output<typeof WaitingJob>;

/** What a whole memory contains, in the graph and elsewhere. */
const EraseContents = z.object({
  group: z.string(),
  episodes: count,
  entities: count,
  facts: count,
  /** Contents outside the graph. */
  elsewhere: z.array(
    z.object({ what: z.enum(['jobs', 'spooled', 'journal', 'memos', 'cached', 'scratchGraphs']), count }),
  ),
  archives: z.object({
    /** Null where the location of the archives cannot be reached. */
    place: z.nullable(z.string()),
    files: z.array(z.string()),
    count,
    /** False if no worker could record, beside the archives, that they must not be restored. */
    isRecorded: z.boolean(),
  }),
});
export type EraseContents = z.output<typeof EraseContents>;

export const Redaction = z.object({ kind: z.string(), count });
export type Redaction = z.output<typeof Redaction>;

/** Dollars are null where the price of a model is unknown. */
const Cost = z.object({ tokens: count, dollars: z.nullable(count) });
export type Cost = z.output<typeof Cost>;

const TurnFact = z.object({ uuid: z.string(), fact: z.string(), replacement: z.nullable(z.string()) });

const SessionTurn = z.object({
  uuid: z.string(),
  name: z.string(),
  text: z.string(),
  isCut: z.boolean(),
  referenceTime: time,
  isCommitted: z.boolean(),
  /** Null once it is read; the reason is null if no attempt failed. */
  waits: z.nullable(z.object({ isFailed: z.boolean(), reason: z.nullable(z.string()) })),
  /** Rules that the turn states. */
  rules: z.array(z.string()),
  /** The facts that the episode states, and the facts that it ended. */
  facts: z.array(TurnFact),
  endedFacts: z.array(TurnFact),
  redactions: z.array(Redaction),
  cost: Cost,
});
export type SessionTurn = z.output<typeof SessionTurn>;

const SessionRow = z.object({
  name: z.string(),
  episodes: count,
  first: timeOrNull,
  last: timeOrNull,
  /** The start of its latest turn, if that is among the latest episodes; otherwise empty. */
  preview: z.string(),
});

/** A limit, because the cost is summed from every episode since then, which could be a whole memory. */
const isWithinDays = (since: string): boolean => Date.now() - Date.parse(since) <= OPERATION_LIMITS.spendingMs;

const job = { id: text, queue: z.enum(['store', 'export']) };
const rule = z.string().check(z.minLength(1), z.maxLength(OPERATION_LIMITS.rule));

export const OPERATION_CALLS = {
  archives: {
    method: 'GET',
    input: z.object(ofGroup),
    reply: z.object({
      /** Null when the settings name no usable place; `problem` says why. */
      place: z.nullable(z.string()),
      problem: z.nullable(z.string()),
      archives: z.array(Archive),
      isCut: z.boolean(),
      /** Incomplete archives, and encrypted ones that no configured key opens. */
      incomplete: count,
      locked: count,
      restoreTest: z.nullable(z.object({ file: z.string(), ageMs: count })),
      failedTest: z.nullable(z.object({ file: z.string(), ageMs: count, error: z.string() })),
      nextExport: timeOrNull,
      /** Whether a running worker exports. */
      canExport: z.boolean(),
    }),
  },
  archiveWork: { method: 'GET', input: z.object({}), reply: z.object({ work: z.nullable(ArchiveWork) }) },
  startArchiveWork: {
    method: 'POST',
    input: z.object({ ...ofGroup, kind: workKind, file: z.optional(text) }),
    reply: z.object({ work: ArchiveWork }),
  },
  waitingJobs: {
    method: 'GET',
    input: z.object({}),
    reply: z.object({
      /** Running jobs, then the next ones. */
      jobs: z.array(WaitingJob),
      isCut: z.boolean(),
    }),
  },
  queueHour: { method: 'GET', input: z.object({}), reply: z.object({ minutes: z.array(Minute) }) },
  deadLetter: {
    method: 'GET',
    input: z.object(job),
    reply: z.object({
      letter: DeadLetter,
      payload: z.string(),
      isCut: z.boolean(),
      /** Its failures, oldest first. */
      details: z.array(z.string()),
      traceId: z.nullable(z.string()),
    }),
  },
  replay: { method: 'POST', input: z.object(job), reply: z.object({ jobs: count }) },
  replayAll: { method: 'POST', input: z.object({}), reply: z.object({ jobs: count }) },
  drop: { method: 'POST', input: z.object(job), reply: z.object({ jobs: count }) },
  previewErase: {
    method: 'GET',
    input: z.object({ name: text }),
    reply: z.object({ contents: EraseContents, fingerprint: z.string() }),
  },
  erase: {
    method: 'POST',
    input: z.object({ name: text, typed: text, fingerprint }),
    reply: z.object({ contents: EraseContents }),
  },
  sessions: {
    method: 'GET',
    input: z.object(ofGroup),
    reply: z.object({ sessions: z.array(SessionRow), isCut: z.boolean() }),
  },
  turns: {
    method: 'GET',
    input: z.object({
      ...ofGroup,
      session: text,
      offset: z._default(z.coerce.number().check(z.int(), z.minimum(0), z.maximum(1_000_000)), 0),
    }),
    reply: z.object({ name: z.string(), summary: z.string(), total: count, turns: z.array(SessionTurn) }),
  },
  spending: {
    method: 'GET',
    input: z.object({ ...ofGroup, since: z.iso.datetime({ offset: true }).check(z.refine(isWithinDays)) }),
    reply: z.object({
      /** Cost of the calls that read this memory's episodes. */
      episodes: count,
      cost: Cost,
    }),
  },
  previewPin: {
    method: 'GET',
    input: z.object({ ...ofGroup, episode: text, rule: z.optional(rule) }),
    reply: z.object({
      /**
       * `pending`: an agent proposed the episode as a rule. `inForce`: it is a rule. `ended`: it was a rule that the user ended. `text`: a rule
       * can be made from its words.
       */
      state: z.enum(['pending', 'inForce', 'ended', 'text']),
      suggestions: z.array(z.string()),
      /** Those of them that no longer hold, and the one to fill in; null if all are outdated. */
      ...{ outdated: z.array(z.string()), preselected: z.nullable(z.string()) },
      /** The rule as agents read it; null until a sentence is chosen. */
      rule: z.nullable(z.string()),
      /** Rules that would end. */
      ends: z.array(z.string()),
      fingerprint: z.string(),
    }),
  },
  unpin: {
    method: 'POST',
    input: z.object({ ...ofGroup, episode: text, rule }),
    reply: z.object({ rules: z.array(z.string()) }),
  },
  pin: {
    method: 'POST',
    input: z.object({ ...ofGroup, episode: text, rule, fingerprint }),
    reply: z.object({
      /** The episode of the rule. */
      episode: z.string(),
      /** False while it waits for a worker. */
      isInForce: z.boolean(),
    }),
  },
} as const;
