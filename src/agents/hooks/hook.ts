import { homeFolder } from '../../home.ts';
import { scopeOf } from '../scope.ts';
import { type HookEvent, type HookInput, readHookInput } from './event.ts';
import { type SpoolTurnsOptions, spoolTurns } from './keep.ts';
import { noteWork, unfinishedWork } from './left-behind.ts';
import { note } from './log.ts';
import { newSession, removeOld, type Session, withSession } from './session.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface HookCall {
  readonly event: HookEvent;
  /** What the host wrote on standard input. */
  readonly input: string;
  readonly host: string;
  readonly group: string | undefined;
  readonly environment: Environment;
  /** The process's own folder, where the host does not name one. */
  readonly directory: string;
  /** Milliseconds that the memory may take to answer. */
  readonly patience: number;
}

export interface HookAnswer {
  /** What the host is to read on standard output. */
  readonly output?: string | undefined;
  /** How many turns were written into the spool. */
  readonly kept: number;
}

const MOST_SENTENCES = 200;
/** The user waits for what is recalled. */
const LOCK_TIMEOUT = 250;
const EMPTY_INPUT = { source: undefined, prompt: undefined, lastWords: undefined, isSubAgent: false };

export const isOff = ({ MEMORY_DISABLED: off = '' }: Environment): boolean => /^(1|true|yes|on)$/i.test(off);

/** Does what an event asks for. Never throws and never speaks: what goes wrong is noted in MEMORY_HOME/hooks/problems.log. */
export async function answerHook(call: HookCall): Promise<HookAnswer> {
  const { event, environment, host } = call;
  const home = homeFolder(environment);
  const notice = (what: string) => note(home, `${host} ${event}: ${what}`);
  let spooled = 0;
  try {
    const input = readHookInput(call.input);
    if (!input) notice('what the host wrote cannot be read');
    if (!input || input.isSubAgent) return { kept: spooled };
    const scope = scopeOf({ directory: input.directory ?? call.directory, group: call.group, environment });
    // Of what goes wrong here the memory can still be asked.
    if (event !== 'UserPromptSubmit') {
      const limit = await spoolLimit(environment);
      spooled = orNote(() => spoolNewTurns(home, call, input, { group: scope.group, limit, onNotice: notice }));
      if (event === 'SessionStart' || event === 'SessionEnd')
        spooled += orNote(() => spoolUnfinished(home, input, { limit, onNotice: notice }));
    }
    if (event !== 'SessionStart' && event !== 'UserPromptSubmit') return { kept: spooled };
    return { kept: spooled, output: await recallContext(home, call, input, scope, notice) };
  } catch (error) {
    notice((error as Error).message);
    return { kept: spooled };
  }

  function orNote(work: () => number): number {
    try {
      return work();
    } catch (error) {
      notice((error as Error).message);
      return 0;
    }
  }
}

/** The settings as a whole take five milliseconds to load, and hardly anybody changes this one. */
async function spoolLimit({ MEMORY_SPOOL_LIMIT: setting }: Environment): Promise<number | undefined> {
  return setting
    ? (await import('../../settings.ts')).SETTINGS.MEMORY_SPOOL_LIMIT.shape.safeParse(setting).data
    : undefined;
}

type SpoolTarget = Pick<SpoolTurnsOptions, 'group' | 'limit' | 'onNotice'>;

function spoolNewTurns(home: string, { event, host }: HookCall, input: HookInput, target: SpoolTarget): number {
  if (event === 'SessionStart') removeOldQuietly(home);
  const { session, transcript, directory = null } = input;
  // The next hook of any session goes on with it if this one is killed.
  const isKept = transcript !== undefined && event !== 'SessionStart';
  const done = isKept && noteWork(home, { host, session, transcript, directory, group: target.group });
  const spooled = withSession(home, host, session, (file) => spoolTurns(file, event, input, { home, host, ...target }));
  if (done) done();
  return spooled;
}

/** What hooks began that were killed, whichever session's they were. */
function spoolUnfinished(home: string, current: HookInput, target: Omit<SpoolTarget, 'group'>): number {
  let spooled = 0;
  for (const { work, isIdle, done } of unfinishedWork(home)) {
    const { host, session, transcript, group } = work;
    if (session === current.session) continue;
    const input = { ...EMPTY_INPUT, session, transcript, directory: work.directory ?? undefined };
    spooled += withSession(home, host, session, (file) =>
      spoolTurns(file, isIdle ? 'SessionEnd' : 'PreCompact', input, { home, host, group, ...target }),
    );
    if (isIdle) done();
  }
  return spooled;
}

async function recallContext(
  home: string,
  { event, host, environment, patience }: HookCall,
  input: HookInput,
  scope: ReturnType<typeof scopeOf>,
  notice: (what: string) => void,
): Promise<string | undefined> {
  const change = <T>(work: (session: Session, write: (session: Session) => void) => T) =>
    withSession(home, host, input.session, (file) => work(file.read() ?? newSession(0), file.write), LOCK_TIMEOUT);
  const previous = change((session) => session);
  const { questionOf, recall, hostOutput: toldHost } = await import('./recall.ts');
  const { loadConfig } = await import('../../config.ts');
  const { openServices } = await import('../../memory/services.ts');
  const services = openServices(loadConfig(environment), { onNotice: notice });
  // After compaction and in a resumed session the agent no longer knows what it was told.
  const begins = event === 'SessionStart' || !previous.briefed;
  const recalled = await recall(services, scope, {
    question: questionOf(event, input),
    begins,
    known: new Set(event === 'UserPromptSubmit' ? previous.recalled : []),
    own: new Set([...previous.summaries, ...(event === 'UserPromptSubmit' ? previous.episodes : [])]),
    limit: patience,
    notice,
  });
  change((session, write) => {
    const sentences = [...new Set([...session.recalled, ...recalled.sentences])].slice(-MOST_SENTENCES);
    const episodes = event === 'SessionStart' ? [] : session.episodes;
    write({ ...session, recalled: sentences, episodes, briefed: begins ? recalled.isBriefed : session.briefed });
  });
  return recalled.context && toldHost(event, recalled.context);
}

function removeOldQuietly(home: string): void {
  try {
    removeOld(home);
  } catch {
    // There is no folder yet.
  }
}
