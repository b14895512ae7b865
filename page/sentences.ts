import type { Cost, Now, Redaction, Reply } from '../src/page/schemas.ts';
import { duration, money, plural } from './times.tsx';

export interface Finding {
  readonly kind: 'good' | 'note' | 'bad';
  readonly text: string;
  /** What to do. */
  readonly remedy?: string;
  /** The screen with the remedy. */
  readonly href?: string;
  /** The effect on the memory. */
  readonly effect?: string;
  /** When the problem began, or when the page’s server first saw it. */
  readonly since?: string;
  readonly noticedAt?: string;
}

const LONG_WAIT_MS = 60_000;

/** The state of the memory in sentences, problems first. */
export function findings(now: Now): Finding[] {
  return [
    ...now.problems.map(problemFinding),
    ...(now.isWorking ? [works(now)] : []),
    ...leftOver(now),
    ...progress(now),
  ];
}

export function problemFinding({
  level,
  message,
  remedy,
  since,
  noticedAt,
  stopsReading,
}: Now['problems'][number]): Finding {
  const isBad = level === 'problem';
  return {
    kind: isBad ? 'bad' : 'note',
    text: message,
    remedy,
    ...(since !== null ? { since } : isBad && { noticedAt }),
    ...(stopsReading && { effect: 'New texts are not read.' }),
  };
}

/** Texts that wait for the user's decision or for Valkey. */
function leftOver({ jobs, lastDeadLetter, spooled }: Now): Finding[] {
  return [
    ...(jobs && jobs.failed > 0
      ? [
          {
            kind: 'note' as const,
            text: `${plural(jobs.failed, 'text')} could not be read.${lastDeadLetter ? ` The latest reason: ${lastDeadLetter}` : ''}`,
            remedy: 'The queue shows the reasons, and can replay or drop each.',
            href: '/queue',
          },
        ]
      : []),
    ...(spooled > 0
      ? [{ kind: 'note' as const, text: `${plural(spooled, 'text')} on this machine’s disk wait for Valkey.` }]
      : []),
  ];
}

function works({ workers }: Now): Finding {
  return {
    kind: 'good',
    text: `The memory works: both servers answer, and ${plural(workers, 'worker')} ${workers === 1 ? 'reads' : 'read'} new texts.`,
  };
}

function progress({ jobs, oldestWaitingMs, lastCommitAgeMs, restoreTestAgeMs, agents, isWorking }: Now): Finding[] {
  const open = jobs ? jobs.waiting + jobs.active + jobs.delayed : 0;
  const isLate = (oldestWaitingMs ?? 0) > LONG_WAIT_MS;
  return [
    ...(open > 0
      ? [
          {
            kind: isLate || !isWorking ? ('note' as const) : ('good' as const),
            text: `${plural(open, 'text')} ${open === 1 ? 'waits' : 'wait'} to be read${isLate ? `, the oldest for ${duration(oldestWaitingMs ?? 0)}` : ''}.`,
            remedy: 'The queue shows each, and why it waits.',
            href: '/queue',
          },
        ]
      : []),
    ...(lastCommitAgeMs === null
      ? []
      : [{ kind: 'good' as const, text: `The last text was added ${duration(lastCommitAgeMs)} ago.` }]),
    ...agentFindings(agents),
    restoreTestAgeMs === null
      ? {
          kind: 'note',
          text: 'No archive has passed a restore test yet.',
          remedy: 'The nightly run does one, and so does the screen Archives.',
          href: '/archives',
        }
      : { kind: 'good', text: `An archive passed its restore test ${duration(restoreTestAgeMs)} ago.` },
  ];
}

const AGENT_WORK = {
  recall: {
    ok: 'last read this memory',
    late: 'got no answer from this memory in time',
    failed: 'could not read this memory',
  },
  capture: {
    ok: 'last stored a turn',
    late: 'left its last turn to be stored later',
    failed: 'could not store a turn',
  },
} as const;

/** The latest work of agents on this machine; empty if there are none. */
function agentFindings(agents: Now['agents']): Finding[] {
  return (['recall', 'capture'] as const).flatMap((kind): Finding[] => {
    const work = agents[kind];
    if (work === null) return [];
    const { host, at, outcome, reason } = work;
    const did = `${host} ${AGENT_WORK[kind][outcome]} ${duration(Math.max(0, Date.now() - Date.parse(at)))} ago`;
    return outcome === 'ok'
      ? [{ kind: 'good', text: `${did}.` }]
      : [
          {
            kind: 'note',
            text: reason ? `${did}: ${reason}` : `${did}.`,
            remedy: 'To find the cause: memory-manager doctor',
          },
        ];
  });
}

/** The cost of reading texts today. */
export function costSentence(
  { episodes, cost }: Reply<'spending'>,
  { spentToday, dailyLimit }: Pick<Now, 'spentToday' | 'dailyLimit'>,
): string {
  const read =
    episodes === 0
      ? 'No text of this memory was read today.'
      : `Reading ${plural(episodes, 'text')} of this memory cost ${costInWords(cost)} today.`;
  if (spentToday === null) return read;
  const ofLimit = dailyLimit === null ? '' : ` of ${money(dailyLimit)}`;
  return `${read} With upkeep, all workers have spent ${money(spentToday)}${ofLimit} since midnight UTC.`;
}

/** `nothing`, `1,200 tokens ($0.0021)`. */
export const costInWords = ({ tokens, dollars }: Cost): string => {
  if (tokens === 0) return 'nothing';
  return `${plural(tokens, 'token')} (${dollars === null ? 'the price of a model is unknown' : money(dollars)})`;
};

/** `Hidden before it was stored: 2 × api-key, 1 × password.` */
export function redactionSentence(redactions: readonly Redaction[]): string {
  const parts = redactions.map(({ kind, count }) => `${count.toLocaleString()} × ${kind}`);
  return parts.length === 0
    ? 'Stored as written: no password, key or private part had to be hidden.'
    : `Hidden before it was stored: ${parts.join(', ')}.`;
}
