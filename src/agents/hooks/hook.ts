import { homeFolder } from '../../home.ts';
import { scopeOf } from '../scope.ts';
import { type HookEvent, readTold, type Told } from './event.ts';
import { type KeepOptions, keepTurns } from './keep.ts';
import { begin, leftBehind } from './left-behind.ts';
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
const ASKING_WAITS = 250;
const NOTHING_TOLD = { source: undefined, prompt: undefined, lastWords: undefined, isSubAgent: false };

export const isOff = ({ MEMORY_DISABLED: off = '' }: Environment): boolean => /^(1|true|yes|on)$/i.test(off);

/** Does what an event asks for. Never throws and never speaks: what goes wrong is noted in MEMORY_HOME/hooks/problems.log. */
export async function answerHook(call: HookCall): Promise<HookAnswer> {
  const { event, environment, host } = call;
  const home = homeFolder(environment);
  const notice = (what: string) => note(home, `${host} ${event}: ${what}`);
  let kept = 0;
  try {
    const told = readTold(call.input);
    if (!told) notice('what the host wrote cannot be read');
    if (!told || told.isSubAgent) return { kept };
    const scope = scopeOf({ directory: told.directory ?? call.directory, group: call.group, environment });
    // Of what goes wrong here the memory can still be asked.
    if (event !== 'UserPromptSubmit') {
      const limit = await spoolLimit(environment);
      kept = orNote(() => keepAll(home, call, told, { group: scope.group, limit, onNotice: notice }));
      if (event === 'SessionStart' || event === 'SessionEnd')
        kept += orNote(() => keepLeftBehind(home, told, { limit, onNotice: notice }));
    }
    if (event !== 'SessionStart' && event !== 'UserPromptSubmit') return { kept };
    return { kept, output: await tell(home, call, told, scope, notice) };
  } catch (error) {
    notice((error as Error).message);
    return { kept };
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
async function spoolLimit({ MEMORY_SPOOL_LIMIT: given }: Environment): Promise<number | undefined> {
  return given
    ? (await import('../../settings.ts')).SETTINGS.MEMORY_SPOOL_LIMIT.shape.safeParse(given).data
    : undefined;
}

type Keeping = Pick<KeepOptions, 'group' | 'limit' | 'onNotice'>;

function keepAll(home: string, { event, host }: HookCall, told: Told, keeping: Keeping): number {
  if (event === 'SessionStart') removeOldQuietly(home);
  const { session, transcript, directory = null } = told;
  // The next hook of any session goes on with it if this one is killed.
  const isKept = transcript !== undefined && event !== 'SessionStart';
  const done = isKept && begin(home, { host, session, transcript, directory, group: keeping.group });
  const kept = withSession(home, host, session, (file) => keepTurns(file, event, told, { home, host, ...keeping }));
  if (done) done();
  return kept;
}

/** What hooks began that were killed, whichever session's they were. */
function keepLeftBehind(home: string, current: Told, keeping: Omit<Keeping, 'group'>): number {
  let kept = 0;
  for (const { work, rests, done } of leftBehind(home)) {
    const { host, session, transcript, group } = work;
    if (session === current.session) continue;
    const told = { ...NOTHING_TOLD, session, transcript, directory: work.directory ?? undefined };
    kept += withSession(home, host, session, (file) =>
      keepTurns(file, rests ? 'SessionEnd' : 'PreCompact', told, { home, host, group, ...keeping }),
    );
    if (rests) done();
  }
  return kept;
}

async function tell(
  home: string,
  { event, host, environment, patience }: HookCall,
  told: Told,
  scope: ReturnType<typeof scopeOf>,
  notice: (what: string) => void,
): Promise<string | undefined> {
  const change = <T>(work: (session: Session, write: (session: Session) => void) => T) =>
    withSession(home, host, told.session, (file) => work(file.read() ?? newSession(0), file.write), ASKING_WAITS);
  const before = change((session) => session);
  const { questionOf, recall, toldHost } = await import('./recall.ts');
  const { loadConfig } = await import('../../config.ts');
  const { openServices } = await import('../../memory/services.ts');
  const services = openServices(loadConfig(environment), { onNotice: notice });
  // After compaction and in a resumed session the agent no longer knows what it was told.
  const begins = event === 'SessionStart' || !before.briefed;
  const recalled = await recall(services, scope, {
    question: questionOf(event, told),
    begins,
    known: new Set(event === 'UserPromptSubmit' ? before.recalled : []),
    own: new Set([...before.summaries, ...(event === 'UserPromptSubmit' ? before.episodes : [])]),
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
