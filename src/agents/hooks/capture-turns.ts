import type { AgentProcess } from './agent-process.ts';
import type { HookEvent, HookInput } from './event.ts';
import { withSession } from './session.ts';
import { type SpoolTurnsOptions, spoolTurns } from './spool-turns.ts';
import { recordUnfinishedWork, type UnfinishedWork } from './unfinished-work.ts';

// Loaded only when there may be something to store: reading transcripts and redaction take a third of a hook's time.

const EMPTY_INPUT = { source: undefined, prompt: undefined, lastWords: undefined, isSubAgent: false };

export type SpoolTarget = Pick<SpoolTurnsOptions, 'group' | 'heldAt' | 'limit' | 'onNotice'>;

interface CapturingCall {
  readonly event: HookEvent;
  readonly host: string;
  readonly agent?: AgentProcess | undefined;
}

/** Spools the turns of the current session. @returns how many */
export function spoolNewTurns(
  home: string,
  { event, host, agent }: CapturingCall,
  input: HookInput,
  target: SpoolTarget,
): number {
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

const groupOf = ({ group, heldAt }: Pick<SpoolTarget, 'group' | 'heldAt'>) => ({
  group,
  ...(heldAt !== undefined && { heldAt }),
});

/** Continues the work of killed hooks and agents of other sessions. @returns how many turns wait to be queued */
export function spoolUnfinished(
  home: string,
  unfinished: readonly UnfinishedWork[],
  current: HookInput,
  target: Omit<SpoolTarget, 'group' | 'heldAt'>,
): number {
  let spooled = 0;
  for (const { work, state, done, postpone } of unfinished) {
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
