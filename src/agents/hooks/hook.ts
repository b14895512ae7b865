import { ConfigError, SpoolFullError } from '../../errors.ts';
import { homeFolder } from '../../home.ts';
import { assertPrivateHome } from '../../running-settings.ts';
import { type AgentOutcome, recordOutcome } from '../../telemetry/agent-outcomes.ts';
import { redactError } from '../../telemetry/redact-error.ts';
import { type FolderScope, joinSentence, type UnjoinedFolder, unjoinedFolder } from '../joined-folders.ts';
import { type Scope, scopeOf } from '../scope.ts';
import type { AgentProcess } from './agent-process.ts';
import { type HookEvent, type HookInput, readHookInput } from './event.ts';
import {
  type HookSession,
  newSession,
  removeOldSessions,
  repeatableSentences,
  type SessionFile,
  withRecalledSentences,
  withSession,
} from './session.ts';
import { type SpoolTurnsOptions, spoolTurns } from './spool-turns.ts';
import { logProblem } from './state-folder.ts';
import { recordUnfinishedWork, unfinishedWork } from './unfinished-work.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface HookCall {
  readonly event: HookEvent;
  /** The host's message on standard input. */
  readonly input: string;
  readonly host: string;
  readonly group: string | undefined;
  readonly environment: Environment;
  /** The working directory of the process, for hosts that name none. */
  readonly directory: string;
  /** Timeout of the recall in milliseconds. */
  readonly patience: number;
  /** The process of the agent, if it is known: while it runs, other sessions leave its open turn alone. */
  readonly agent?: AgentProcess | undefined;
}

export interface HookAnswer {
  /** The answer for the host on standard output. */
  readonly output?: string | undefined;
  /** The number of spooled turns. */
  readonly spooled: number;
  /** A line for the host's log: why this home is not used, or that a recall was late. */
  readonly log?: string | undefined;
}

/** The user waits for the recall. */
const LOCK_TIMEOUT = 250;
const EMPTY_INPUT = { source: undefined, prompt: undefined, lastWords: undefined, isSubAgent: false };

export const isMemoryDisabled = ({ MEMORY_DISABLED: off = '' }: Environment): boolean => /^(1|true|yes|on)$/i.test(off);

/**
 * Handles an event. Never throws and prints nothing: problems are logged in MEMORY_HOME/hooks/problems.log, late recalls also in the host's
 * log. In a home that other users can write to, nothing is read or written.
 */
export async function answerHook(call: HookCall): Promise<HookAnswer> {
  const { event, environment, host } = call;
  const home = homeFolder(environment);
  const refusal = refusalOf(home);
  if (refusal !== undefined) return { spooled: 0, log: refusal };
  const notice = (what: string) => logProblem(home, `${host} ${event}: ${what}`);
  let spooled = 0;
  let full: string | undefined;
  try {
    const input = readHookInput(call.input);
    if (!input) notice("the host's message cannot be read");
    if (!input || input.isSubAgent) return { spooled };
    const directory = input.directory ?? call.directory;
    const scope = scopeOf({ directory, group: call.group, environment });
    const record: Recorder = (work, outcome, reason) =>
      recordOutcome(home, { host, group: scope.group, directory, work, outcome, ...(reason && { reason }) });
    const unjoined = unjoinedQuietly({ home, scope, directory, environment });
    // A failure here does not prevent the recall.
    if (event === 'UserPromptSubmit')
      orLog(() => recordOpenTurn(home, call, input, { group: scope.group, heldAt: unjoined?.place }));
    else {
      const limit = await spoolLimit(environment);
      const target = { group: scope.group, heldAt: unjoined?.place, limit, onNotice: notice };
      spooled = orLog(
        () => spoolNewTurns(home, call, input, target),
        (error) => {
          record('capture', 'failed', redactError(error).message);
          full = fullSentence(error, home);
        },
      );
      if (unjoined) spooled = 0;
      if (spooled > 0) record('capture', 'ok');
      if (event === 'SessionStart' || event === 'SessionEnd')
        spooled += orLog(() => spoolUnfinished(home, input, { limit, onNotice: notice }));
    }
    if (event !== 'SessionStart' && event !== 'UserPromptSubmit')
      return { spooled, ...(full !== undefined && (await notStored(event, host, full))) };
    if (unjoined) {
      const output = event === 'SessionStart' ? await joinWarning(unjoined) : undefined;
      return { spooled, ...(output !== undefined && { output }) };
    }
    if (event === 'SessionStart' && input.source === 'resume') {
      briefWithPrompt(home, host, input.session);
      return { spooled };
    }
    return { spooled, ...(await recallContext(home, call, input, scope, { notice, record })) };
  } catch (error) {
    notice((error as Error).message);
    // The log of problems is on the same disk.
    const log = fullSentence(error, home);
    return { spooled, ...(log !== undefined && { log: `${log}.` }) };
  }

  function orLog(work: () => number, onFailure: (error: unknown) => void = () => {}): number {
    try {
      return work();
    } catch (error) {
      notice((error as Error).message);
      onFailure(error);
      return 0;
    }
  }
}

/** Records the outcome of this call, for `status` and `doctor`. */
type Recorder = (work: AgentOutcome['work'], outcome: AgentOutcome['outcome'], reason?: string) => void;

function refusalOf(home: string): string | undefined {
  try {
    assertPrivateHome(home);
    return undefined;
  } catch (error) {
    // A home that cannot be accessed is no risk, because nothing can be read or written there.
    return error instanceof ConfigError ? error.message : undefined;
  }
}

const DISK_FULL = new Set<unknown>(['ENOSPC', 'EDQUOT']);

/** Why nothing can be written until the user acts, such as a full disk; undefined for any other failure. */
function fullSentence(error: unknown, home: string): string | undefined {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  if (DISK_FULL.has(code) || DISK_FULL.has(cause?.code)) return `the disk of ${home} is full`;
  return error instanceof SpoolFullError ? 'as many turns as MEMORY_SPOOL_LIMIT allows wait for Valkey' : undefined;
}

/** Shown to the user, since nothing can be recorded on a full disk. */
async function notStored(event: HookEvent, host: string, why: string): Promise<Pick<HookAnswer, 'output' | 'log'>> {
  const log = `This turn is not stored yet: ${why}. The next event of this session tries again.`;
  const { hostOutput } = await import('./recall.ts');
  const later = HOSTS_TO_IMPORT.has(host) ? ` Afterwards, \`memory-manager import ${host}\` also stores it.` : '';
  const output = event === 'Stop' ? hostOutput(event, undefined, `memory-manager: ${log}${later}`) : undefined;
  return { log: `${log}${later}`, ...(output !== undefined && { output }) };
}

const HOSTS_TO_IMPORT = new Set(['claude-code', 'codex']);

/** Loading all settings takes five milliseconds, and this one is rarely set. */
async function spoolLimit({ MEMORY_SPOOL_LIMIT: setting }: Environment): Promise<number | undefined> {
  return setting
    ? (await import('../../settings.ts')).SETTINGS.MEMORY_SPOOL_LIMIT.shape.safeParse(setting).data
    : undefined;
}

/** If the home is not writable, storing the turns fails too and is reported there. */
function unjoinedQuietly(folder: FolderScope): UnjoinedFolder | undefined {
  try {
    return unjoinedFolder(folder);
  } catch {
    return unjoinedFolder(folder, false);
  }
}

async function joinWarning(unjoined: UnjoinedFolder): Promise<string | undefined> {
  const { hostOutput } = await import('./recall.ts');
  return hostOutput('SessionStart', undefined, `memory-manager: ${joinSentence(unjoined)}`);
}

type SpoolTarget = Pick<SpoolTurnsOptions, 'group' | 'heldAt' | 'limit' | 'onNotice'>;

function spoolNewTurns(home: string, { event, host, agent }: HookCall, input: HookInput, target: SpoolTarget): number {
  if (event === 'SessionStart') removeOldQuietly(home);
  const { session, transcript, directory = null } = input;
  const spool = () =>
    withSession(home, host, session, (file) => spoolTurns(file, event, input, { home, host, ...target }));
  if (transcript === undefined || event === 'SessionStart') return spool().spooled;
  const work = { host, session, transcript, directory, ...groupOf(target) };
  const open = { ...work, isOpen: true, ...(agent && { agent }) };
  // If this hook is killed, the next hook of any session continues the work. After a compaction the agent goes on with its turn.
  const done = recordUnfinishedWork(home, event === 'PreCompact' ? open : work);
  const { spooled, isOpen } = spool();
  if (isOpen) recordUnfinishedWork(home, open);
  else done();
  return spooled;
}

/** If the agent is killed after its answer and before its next hook, the next hook of any session stores the turn. */
function recordOpenTurn(
  home: string,
  { host, agent }: HookCall,
  input: HookInput,
  target: Pick<SpoolTarget, 'group' | 'heldAt'>,
): number {
  const { session, transcript, directory = null } = input;
  const work = { host, session, directory, ...groupOf(target), isOpen: true, ...(agent && { agent }) };
  if (transcript !== undefined) recordUnfinishedWork(home, { ...work, transcript });
  return 0;
}

const groupOf = ({ group, heldAt }: Pick<SpoolTarget, 'group' | 'heldAt'>) => ({
  group,
  ...(heldAt !== undefined && { heldAt }),
});

/** Continues the work of killed hooks and agents of other sessions. @returns how many turns wait to be queued */
function spoolUnfinished(home: string, current: HookInput, target: Omit<SpoolTarget, 'group' | 'heldAt'>): number {
  let spooled = 0;
  for (const { work, state, done, postpone } of unfinishedWork(home)) {
    const { host, session, transcript, group, heldAt } = work;
    if (session === current.session) continue;
    const input = { ...EMPTY_INPUT, session, transcript, directory: work.directory ?? undefined };
    const stored = withSession(home, host, session, (file) =>
      spoolTurns(file, MOMENTS[state], input, { home, host, group, heldAt, ...target }),
    );
    if (heldAt === undefined) spooled += stored.spooled;
    if (stored.isOpen && state !== 'ended') postpone();
    else if (state !== 'busy') done();
  }
  return spooled;
}

const MOMENTS = { busy: 'PreCompact', resting: 'resting', silent: 'silent', ended: 'SessionEnd' } as const;

/**
 * The first prompt of a resumed session gets the briefing: `claude -p --resume` does not pass on what its hook prints at the start, and the
 * agent still has what was recalled before.
 */
function briefWithPrompt(home: string, host: string, session: string): void {
  const change = (file: SessionFile) => file.write({ ...(file.read() ?? newSession(0)), briefed: false });
  withSession(home, host, session, change, LOCK_TIMEOUT);
}

interface RecallObservers {
  readonly notice: (what: string) => void;
  readonly record: Recorder;
}

async function recallContext(
  home: string,
  call: HookCall,
  input: HookInput,
  scope: Scope,
  observers: RecallObservers,
): Promise<Pick<HookAnswer, 'output' | 'log'>> {
  try {
    return await recallForSession(home, call, input, scope, observers);
  } catch (error) {
    observers.record('recall', 'failed', redactError(error).message);
    throw error;
  }
}

async function recallForSession(
  home: string,
  { event, host, environment, patience }: HookCall,
  input: HookInput,
  scope: Scope,
  { notice, record }: RecallObservers,
): Promise<Pick<HookAnswer, 'output' | 'log'>> {
  const change = <T>(work: (session: HookSession, write: (session: HookSession) => void) => T) =>
    withSession(home, host, input.session, (file) => work(file.read() ?? newSession(0), file.write), LOCK_TIMEOUT);
  const previous = change((session) => session);
  const { questionFrom, recallForHook, hostOutput } = await import('./recall.ts');
  const { loadConfig } = await import('../../config.ts');
  const { openServices } = await import('../../memory/services.ts');
  const services = openServices(loadConfig(environment), { onNotice: notice });
  // After compaction the agent has lost the earlier recall.
  const begins = event === 'SessionStart' || !previous.briefed;
  const recalled = await recallForHook(services, scope, {
    question: questionFrom(event, host, input),
    begins,
    known: new Set(event === 'UserPromptSubmit' ? repeatableSentences(previous) : []),
    own: new Set([...previous.summaries, ...(event === 'UserPromptSubmit' ? previous.episodes : [])]),
    limit: patience,
    deliveredTo: { host, session: input.session },
  });
  for (const problem of recalled.problems) notice(problem);
  const answer = change((session, write) => {
    const episodes = event === 'SessionStart' ? [] : session.episodes;
    const late = session.late + (recalled.problems.length > 0 ? 1 : 0);
    const isWarned = recalled.isIncomplete && !session.warned;
    write({
      ...{
        ...withRecalledSentences(session, recalled.sentences),
        episodes,
        briefed: begins ? recalled.isBriefed : session.briefed,
      },
      ...{ late, warned: session.warned || isWarned },
    });
    // Warn at powers of two, because recall is often late on a busy machine.
    const isLogged = late > session.late && Number.isInteger(Math.log2(late));
    return {
      output: hostOutput(event, recalled.context, isWarned ? warningOf(recalled.problems) : undefined),
      log: isLogged ? `${recalled.problems.join('; ')} (${late} of this session).` : undefined,
    };
  });
  record('recall', recalled.outcome, recalled.reason);
  recalled.recordDelivery();
  return answer;
}

/** The user's warning, shown once in a session. */
const warningOf = (problems: readonly string[]): string =>
  `memory-manager: ${problems.join('; ')}; the session goes on without it. \`memory-manager doctor\` says why.`;

function removeOldQuietly(home: string): void {
  try {
    removeOldSessions(home);
  } catch {
    // The folder does not exist yet.
  }
}
