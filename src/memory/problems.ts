import type { FailureName } from '../errors.ts';
import type { StoredEmbedder } from '../graph/queries/meta-nodes.ts';
import { embedderMismatch } from '../graph/schema.ts';
import type { CopiesStatus, JobFailure } from '../queue/queue-state.ts';
import type { ModelHealth } from '../telemetry/vital-signs.ts';
import { MINUTE, SECOND } from '../time.ts';
import { isBudgetSpent } from '../valkey/budget.ts';
import type { ReembeddingStatus, WorkerStatus } from './results.ts';
import type { ServerStatus, ValkeyStatus } from './status.ts';

/** Something that a user should know or change. `status`, `doctor`, `/health` and the page show the same problems. */
export interface StatusProblem {
  /** `problem`: something does not work. `warning`: it works, but not as it should. */
  readonly level: 'problem' | 'warning';
  /** The subject: `Valkey`, `FalkorDB`, `worker`, `queue`, `budget`, `embedder`, `model <name>`, `jobs`, `export`, `graphs` or `copies`. */
  readonly about: string;
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** What to do, in one or two sentences. */
  readonly remedy: string;
  /** Since when; null where it is not known. */
  readonly since: Date | null;
  /** True while new texts of the memory become no facts because of it. */
  readonly stopsReading: boolean;
}

/** What a kind of failure means while jobs wait for another attempt. */
interface Rule extends Pick<StatusProblem, 'level' | 'stopsReading' | 'remedy'> {
  /** The failure concerns one memory only. */
  readonly isOfGroup?: boolean;
  /** Shown once it has lasted this long, because it usually ends by itself. */
  readonly afterMs?: number;
  /** Until then only a warning: a server that restarts is back within seconds. */
  readonly graceMs?: number;
}

const GRACE = 30 * SECOND;
const AUTOMATIC = 'Workers try again automatically.';
const RESTART = 'restart the workers (`memory-manager down`, then `memory-manager up`)';

const OTHER_WORKER: Rule = {
  ...{ level: 'warning', stopsReading: false, isOfGroup: true, afterMs: MINUTE },
  remedy: `${AUTOMATIC} If this lasts, \`memory-manager logs\` shows which worker holds the memory.`,
};

/** Every kind of failure after which a job waits; null for kinds that make a dead letter at once, and for those that only callers see. */
const RULES: Readonly<Record<FailureName, Rule | null>> = {
  StoreUnreachableError: {
    ...{ level: 'problem', stopsReading: true, graceMs: GRACE },
    remedy: 'Start the server if it is down (`memory-manager up`). Workers continue automatically once it answers.',
  },
  WrongServerError: {
    ...{ level: 'problem', stopsReading: true },
    remedy: `Correct the address in the settings of the workers, and ${RESTART}.`,
  },
  AccessRefusedError: {
    ...{ level: 'problem', stopsReading: true },
    remedy: `Correct the user, the password or the rights. After a change of a setting, ${RESTART}.`,
  },
  EmbedderMismatchError: {
    ...{ level: 'problem', stopsReading: true, isOfGroup: true },
    remedy: 'Texts are stored meanwhile, and read automatically after that. No text is lost.',
  },
  TimedOutError: OTHER_WORKER,
  StaleFenceError: OTHER_WORKER,
  ModelUnavailableError: {
    ...{ level: 'problem', stopsReading: true, graceMs: GRACE },
    remedy: `${AUTOMATIC} \`memory-manager doctor\` checks the models.`,
  },
  ModelBusyError: {
    ...{ level: 'warning', stopsReading: false },
    remedy: `${AUTOMATIC} If this lasts, raise the limit of the account, or lower MEMORY_CONCURRENCY.`,
  },
  BudgetSpentError: {
    ...{ level: 'warning', stopsReading: true },
    remedy: 'To read them today, raise MEMORY_BUDGET and restart the workers.',
  },
  NewerJobError: {
    ...{ level: 'warning', stopsReading: false },
    remedy: 'Update memory-manager where this worker runs, and restart the worker.',
  },
  ArchiveUnavailableError: {
    ...{ level: 'warning', stopsReading: false },
    remedy: `${AUTOMATIC} \`memory-manager doctor\` checks the place for archives.`,
  },
  ModelFailedError: {
    ...{ level: 'warning', stopsReading: false },
    remedy: 'Workers try each text ten times. `memory-manager logs` shows the failures.',
  },
  ConfigError: {
    ...{ level: 'problem', stopsReading: true },
    remedy: `Correct the setting and ${RESTART}. Then replay the failed jobs: \`memory-manager dead-letter replay --all\`.`,
  },
  InvalidInputError: null,
  NoWorkerError: null,
  JobFailedError: null,
  UnusableReplyError: null,
  TextTooLongError: null,
  SpoolFullError: null,
  ArchiveDamagedError: null,
  ArchiveKeyError: null,
  GraphLostError: null,
  ArchiveLocationError: null,
  ServersMissingError: null,
};

const UNEXPECTED: Rule = {
  ...{ level: 'warning', stopsReading: false },
  remedy: 'Workers try each job ten times. `memory-manager logs` shows the failures.',
};

/** @param error the name of a failure's class */
export const failureRule = (error: string | null): Rule => RULES[error as FailureName] ?? UNEXPECTED;

export interface ProblemInputs {
  readonly group: string;
  readonly valkey: ServerStatus<ValkeyStatus>;
  readonly falkordb: ServerStatus<{
    readonly lacksChanges: boolean;
    readonly needsRebuild: boolean;
    readonly copies: CopiesStatus | null;
  }>;
  /** The embedder of the group's vectors; undefined for none or unknown. */
  readonly storedEmbedder: StoredEmbedder | undefined;
  /** The latest failures of jobs, which are not of every job if there are many. */
  readonly failures: { readonly store: readonly JobFailure[]; readonly export: readonly JobFailure[] };
  /** The latest heartbeat of any worker, in milliseconds since 1970; null if none is known. */
  readonly lastHeartbeat: number | null;
  /** Milliseconds since 1970, by Valkey's clock where it answers. */
  readonly now: number;
}

/** All problems of a memory and of what it needs, the gravest first. Pure. */
export function findProblems(inputs: ProblemInputs): StatusProblem[] {
  const { valkey, falkordb, group } = inputs;
  const found = [...serverProblem('Valkey', valkey), ...serverProblem('FalkorDB', falkordb)];
  if (falkordb.ok && falkordb.lacksChanges) found.push(lostChanges(group, falkordb.needsRebuild));
  if (falkordb.ok) found.push(...copiesProblems('FalkorDB', falkordb.copies));
  if (valkey.ok) {
    found.push(
      ...workerProblems(valkey, inputs),
      ...pausedProblems(valkey),
      ...budgetProblems(valkey),
      ...copiesProblems('Valkey', valkey.copies),
      ...modelProblems(valkey.models),
      ...embedderProblems(inputs, valkey),
    );
    found.push(...waitProblems(inputs.failures, group, inputs.now));
  }
  const merged = mergedByMessage(found);
  const stuck = valkey.ok && !merged.some(({ stopsReading }) => stopsReading) ? stuckProblems(valkey, inputs.now) : [];
  const grave = (problem: StatusProblem) => Number(problem.level === 'problem') * 2 + Number(problem.stopsReading);
  return [...merged, ...stuck].sort((a, b) => grave(b) - grave(a));
}

/** A model, a server and the jobs that wait for it give the same reason. */
function mergedByMessage(found: readonly StatusProblem[]): StatusProblem[] {
  const merged = new Map<string, StatusProblem>();
  for (const problem of found) {
    const before = merged.get(problem.message);
    const times = [before?.since, problem.since].flatMap((since) => since?.getTime() ?? []);
    const since = times.length > 0 ? new Date(Math.min(...times)) : null;
    merged.set(problem.message, { ...(before ?? problem), since });
  }
  return [...merged.values()];
}

function serverProblem(about: string, server: ServerStatus<object>): StatusProblem[] {
  if (server.ok) return [];
  const { stopsReading, remedy } = failureRule(server.kind ?? 'StoreUnreachableError');
  return [{ level: 'problem', about, message: server.error, remedy, since: null, stopsReading }];
}

/** Until a worker has replayed the changes, no text gets facts. */
const lostChanges = (group: string, needsRebuild: boolean): StatusProblem => ({
  ...{ level: 'problem', about: 'graphs', since: null, stopsReading: !needsRebuild },
  message: needsRebuild
    ? 'The graph has lost changes, and exports are stopped.'
    : 'The graph has lost changes, as after a failover of FalkorDB.',
  remedy: needsRebuild
    ? `Restore the changes: \`memory-manager archive rebuild --replace --group ${group}\`.`
    : 'A worker replays the changes from the journal. No text is lost.',
});

const START = 'Start one with `memory-manager up` or `memory-manager worker`.';

function workerProblems(
  { workers, liveWorkers, store }: ValkeyStatus,
  { lastHeartbeat, now }: Pick<ProblemInputs, 'lastHeartbeat' | 'now'>,
): StatusProblem[] {
  const waiting = store.oldestWaitingMs === null ? null : new Date(now - store.oldestWaitingMs);
  const problem = (message: string, remedy: string, since = waiting): StatusProblem[] => [
    { level: 'problem', about: 'worker', message, remedy, since, stopsReading: true },
  ];
  if (liveWorkers.length === 0 && workers > 0)
    return problem(
      'A worker is connected but has stopped sending heartbeats, so it may be frozen.',
      'Restart it: `memory-manager down`, then `memory-manager up`.',
      lastHeartbeat === null ? waiting : new Date(lastHeartbeat),
    );
  if (liveWorkers.length === 0) return problem('No worker is running, so stored texts do not become facts.', START);
  const readers = liveWorkers.filter(({ roles }) => roles.includes('store'));
  if (readers.length === 0) return problem('No worker reads texts; the running ones have other roles.', START);
  if (readers.every(({ state }) => state === 'closing'))
    return problem('The only worker that reads texts is shutting down.', START);
  return [];
}

function pausedProblems({ pausedQueues }: ValkeyStatus): StatusProblem[] {
  return pausedQueues.map((queue) => ({
    ...{ level: 'problem', about: 'queue', since: null, stopsReading: queue === 'store' },
    message: `The queue of ${queue === 'store' ? 'texts and tasks' : 'exports'} is paused, so none of its jobs starts.`,
    remedy: 'Resume the queue with the program that paused it, such as a viewer of BullMQ’s queues.',
  }));
}

function budgetProblems({ budget }: ValkeyStatus): StatusProblem[] {
  if (!budget || !isBudgetSpent(budget)) return [];
  const { spent, limit, resetsAt } = budget;
  return [
    {
      ...{ level: 'warning', about: 'budget', since: null, stopsReading: true },
      message: `The budget of today is spent ($${spent.toFixed(2)} of $${limit}): texts are stored, and read by the model from ${resetsAt.toISOString().slice(0, 16)}Z on.`,
      remedy: failureRule('BudgetSpentError').remedy,
    },
  ];
}

function copiesProblems(store: 'Valkey' | 'FalkorDB', copies: CopiesStatus | null): StatusProblem[] {
  const setting = `${store.toUpperCase()}_COPIES`;
  const isValkey = store === 'Valkey';
  if (!copies || copies.replicas === null || copies.replicas >= copies.wanted) return [];
  return [
    {
      ...{ level: 'warning', about: 'copies', since: null, stopsReading: false },
      message: `${setting} asks for ${copies.wanted}, and ${store} has ${copies.replicas === 1 ? '1 replica' : `${copies.replicas} replicas`}, so ${isValkey ? 'texts may be spooled or refused' : 'jobs wait for replicas'}.`,
      remedy: `Start more replicas, or lower ${setting}.`,
    },
  ];
}

/** Fewer failures in a row may be due to a text. */
const FAILED_IN_A_ROW = 3;

export function modelProblems(models: Readonly<Record<string, ModelHealth>>): StatusProblem[] {
  return Object.entries(models).flatMap(([name, { breaker, ok, failedInARow, failure }]): StatusProblem[] => {
    if (breaker === 'closed' && failedInARow < FAILED_IN_A_ROW && failure?.error !== 'ConfigError') return [];
    const rule = failureRule(failure?.error ?? 'ModelUnavailableError');
    return [
      {
        level: rule.level,
        about: `model ${name}`,
        message: failure?.reason ?? `The model ${name} does not answer; texts wait for it.`,
        remedy: rule.remedy,
        since: failure ? new Date(failure.since) : null,
        // Another worker still gets answers, or other calls do.
        stopsReading: rule.stopsReading && ok === 0,
      },
    ];
  });
}

function embedderProblems(
  { group, storedEmbedder, failures }: ProblemInputs,
  { liveWorkers, reembedding }: Pick<ValkeyStatus, 'liveWorkers' | 'reembedding'>,
): StatusProblem[] {
  const embedders = liveWorkers.flatMap(({ embedder }: WorkerStatus) => embedder ?? []);
  if (reembedding) return [reembeddingProblem(reembedding)];
  if (!storedEmbedder || embedders.length === 0) return [];
  const mismatches = embedders.map((embedder) => embedderMismatch(group, storedEmbedder, embedder));
  const [first] = mismatches.filter((mismatch) => mismatch !== undefined);
  if (!first) return [];
  const { remedy } = failureRule(first.name);
  const waiting = failures.store.filter((failure) => failure.error === first.name && failure.group === group);
  const since = waiting.length > 0 ? new Date(Math.min(...waiting.map((failure) => failure.since))) : null;
  const stopsReading = mismatches.every((mismatch) => mismatch !== undefined);
  return [{ level: 'problem', about: 'embedder', message: first.message, remedy, since, stopsReading }];
}

const reembeddingProblem = ({ model, dimension, phase, progress }: ReembeddingStatus): StatusProblem => ({
  ...{ level: 'warning', about: 'embedder', since: null, stopsReading: phase === 'replacing' },
  message: `The vectors of this memory are being changed to ${model} (${dimension} dimensions): ${phase === 'embedding' ? `${Math.floor(progress * 100)} % of the texts are embedded` : 'the graph is being replaced, and commits wait'}.`,
  remedy: 'Wait; texts that are stored meanwhile are read automatically.',
});

/** Causes for which jobs wait now, each once. Dead letters are not counted: they have a list of their own. */
export function waitProblems(failures: ProblemInputs['failures'], group: string, now: number): StatusProblem[] {
  const causes = (['store', 'export'] as const).flatMap((queue) =>
    failures[queue].filter(({ isFinal }) => !isFinal).map((failure) => ({ queue, ...failure })),
  );
  const earliest = new Map<string, (typeof causes)[number]>();
  for (const cause of causes) {
    const before = earliest.get(cause.reason);
    if (!before || cause.since < before.since) earliest.set(cause.reason, cause);
  }
  return [...earliest.values()].flatMap(({ queue, reason, error, since, group: ofGroup }): StatusProblem[] => {
    const { level, remedy, isOfGroup = false, afterMs = 0, graceMs = 0, stopsReading } = failureRule(error);
    if (now - since < afterMs) return [];
    const isElsewhere = isOfGroup && ofGroup !== null && ofGroup !== group;
    return [
      {
        level: isElsewhere || now - since < graceMs ? 'warning' : level,
        about: queue === 'export' ? 'export' : 'jobs',
        message: reason,
        remedy,
        since: new Date(since),
        stopsReading: stopsReading && queue === 'store' && !isElsewhere,
      },
    ];
  });
}

/** Jobs that wait this long, with nothing committed meanwhile, are stuck. */
export const STUCK_AFTER = 2 * MINUTE;

/** No cause is known, but nothing happens either. A worker that has just started has not failed yet. */
function stuckProblems({ store, lastCommitAgeMs, liveWorkers }: ValkeyStatus, now: number): StatusProblem[] {
  const waited = store.oldestWaitingMs ?? 0;
  const started = Math.min(now, ...liveWorkers.map(({ startedAt }) => startedAt.getTime()));
  const quiet = Math.min(lastCommitAgeMs ?? Infinity, now - started);
  if (waited <= STUCK_AFTER || quiet <= STUCK_AFTER) return [];
  const minutes = (ms: number) => `${Math.floor(ms / MINUTE)} minutes`;
  return [
    {
      ...{ level: 'problem', about: 'queue', stopsReading: true },
      message: `Nothing was committed for ${minutes(quiet)}, while the oldest job has waited for ${minutes(waited)}.`,
      remedy:
        'See what the workers do: `memory-manager logs`. To restart them: `memory-manager down`, then `memory-manager up`.',
      since: new Date(now - Math.min(quiet, waited)),
    },
  ];
}

/** `since 2026-11-22T08:30:02Z (3 min)`; empty where it is not known. */
export function sinceText({ since }: Pick<StatusProblem, 'since'>): string {
  return since === null
    ? ''
    : ` (since ${new Date(Math.floor(since.getTime() / SECOND) * SECOND).toISOString().replace('.000', '')})`;
}
