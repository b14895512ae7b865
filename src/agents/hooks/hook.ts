import { ConfigError, SpoolFullError } from '../../errors.ts';
import { homeFolder } from '../../home.ts';
import { RECALL_TARGET_MS } from '../../memory/recall-target.ts';
import { assertPrivateHome } from '../../private-home.ts';
import { type AgentOutcome, recordOutcome } from '../../telemetry/agent-outcomes.ts';
import { redactError } from '../../telemetry/redact-error.ts';
import { type FolderScope, joinSentence, type UnjoinedFolder, unjoinedFolder } from '../joined-folders.ts';
import { type Scope, scopeOf } from '../scope.ts';
import type { AgentProcess } from './agent-process.ts';
import { askRecall, type DeliverableRecall } from './ask-recall.ts';
import { type HookEvent, type HookInput, readHookInput } from './event.ts';
import { hostOutput } from './host-output.ts';
import {
  type HookSession,
  newSession,
  removeOldSessions,
  repeatableSentences,
  type SessionFile,
  withRecalledSentences,
  withSession,
} from './session.ts';
import { logProblem } from './state-folder.ts';
import { fileSize } from './transcript.ts';
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
      orLog(() => recordOpenTurn(home, call, input, { group: scope.group, heldAt: unjoined?.place }), undefined);
    else {
      const limit = await spoolLimit(environment);
      const target = { group: scope.group, heldAt: unjoined?.place, limit, onNotice: notice };
      const onFailure = (error: unknown) => {
        record('capture', 'failed', redactError(error).message);
        full = fullSentence(error, home);
      };
      if (event !== 'SessionStart' || !orLog(() => beginEmptySession(home, host, input), true, onFailure)) {
        const { spoolNewTurns } = await import('./capture-turns.ts');
        spooled = orLog(() => spoolNewTurns(home, call, input, target), 0, onFailure);
      }
      if (unjoined) spooled = 0;
      if (spooled > 0) record('capture', 'ok');
      const unfinished =
        event === 'SessionStart' || event === 'SessionEnd' ? orLog(() => unfinishedWork(home), []) : [];
      if (unfinished.length > 0) {
        const { spoolUnfinished } = await import('./capture-turns.ts');
        spooled += orLog(() => spoolUnfinished(home, unfinished, input, { limit, onNotice: notice }), 0);
      }
    }
    if (event !== 'SessionStart' && event !== 'UserPromptSubmit')
      return { spooled, ...(full !== undefined && notStored(event, host, full)) };
    if (unjoined) {
      const output = event === 'SessionStart' ? joinWarning(unjoined) : undefined;
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

  function orLog<T>(work: () => T, otherwise: T, onFailure: (error: unknown) => void = () => {}): T {
    try {
      return work();
    } catch (error) {
      notice((error as Error).message);
      onFailure(error);
      return otherwise;
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
function notStored(event: HookEvent, host: string, why: string): Pick<HookAnswer, 'output' | 'log'> {
  const log = `This turn is not stored yet: ${why}. The next event of this session tries again.`;
  const later = HOSTS_TO_IMPORT.has(host) ? ` Afterwards, \`memory-manager import ${host}\` also stores it.` : '';
  const output = event === 'Stop' ? hostOutput(event, undefined, `memory-manager: ${log}${later}`) : undefined;
  return { log: `${log}${later}`, ...(output !== undefined && { output }) };
}

const HOSTS_TO_IMPORT = new Set(['claude-code', 'codex']);

/** Loading all settings takes five milliseconds, and this one is rarely set. */
const spoolLimit = async ({ MEMORY_SPOOL_LIMIT: setting }: Environment): Promise<number | undefined> =>
  setting ? (await import('./spool-limit.ts')).readSpoolLimit(setting) : undefined;

/** If the home is not writable, storing the turns fails too and is reported there. */
function unjoinedQuietly(folder: FolderScope): UnjoinedFolder | undefined {
  try {
    return unjoinedFolder(folder);
  } catch {
    return unjoinedFolder(folder, false);
  }
}

function joinWarning(unjoined: UnjoinedFolder): string | undefined {
  return hostOutput('SessionStart', undefined, `memory-manager: ${joinSentence(unjoined)}`);
}

/** A session that begins with an empty transcript, or without one, has nothing to store. @returns false if it is another one */
function beginEmptySession(home: string, host: string, { session, transcript }: HookInput): boolean {
  removeOldQuietly(home);
  if (transcript !== undefined && fileSize(transcript) > 0) return false;
  withSession(home, host, session, (file) => {
    if (transcript === undefined || file.read()) return;
    file.begin();
    file.write(newSession(0));
  });
  return true;
}

/** If the agent is killed after its answer and before its next hook, the next hook of any session stores the turn. */
function recordOpenTurn(
  home: string,
  { host, agent }: HookCall,
  input: HookInput,
  { group, heldAt }: { readonly group: string; readonly heldAt: string | undefined },
): void {
  const { session, transcript, directory = null } = input;
  if (transcript === undefined) return;
  const optional = { ...(heldAt !== undefined && { heldAt }), ...(agent && { agent }) };
  recordUnfinishedWork(home, { host, session, transcript, directory, group, ...optional, isOpen: true });
}

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
  const deadline = performance.now() + patience;
  const previous = change((session) => session);
  // After compaction the agent has lost the earlier recall.
  const begins = event === 'SessionStart' || !previous.briefed;
  const recalled = await askRecall(
    {
      ...{ event, host, scope, begins },
      input: { session: input.session, prompt: input.prompt, transcript: input.transcript },
      known: event === 'UserPromptSubmit' ? repeatableSentences(previous) : [],
      own: [...previous.summaries, ...(event === 'UserPromptSubmit' ? previous.episodes : [])],
    },
    { home, environment, deadline },
  );
  for (const each of recalled.notices) notice(each);
  const problems = problemsOf(recalled);
  for (const problem of problems) notice(problem);
  const answer = change((session, write) => {
    const episodes = event === 'SessionStart' ? [] : session.episodes;
    const late = session.late + (problems.length > 0 ? 1 : 0);
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
      output: hostOutput(event, recalled.context, isWarned ? warningOf(problems) : undefined),
      log: isLogged ? `${problems.join('; ')} (${late} of this session).` : undefined,
    };
  });
  record('recall', recalled.outcome, recalled.reason);
  recalled.recordDelivery();
  return answer;
}

/** What was late or failed. A recall that left nothing out may still have kept the user waiting. */
const problemsOf = ({ problems, isIncomplete, tookMs }: DeliverableRecall): readonly string[] =>
  !isIncomplete && tookMs > RECALL_TARGET_MS
    ? [...problems, `the recall took ${Math.round(tookMs)} ms instead of ${RECALL_TARGET_MS}`]
    : problems;

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
