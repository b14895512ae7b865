import type { StatusProblem } from '../memory/problems.ts';
import { type AgentOutcome, readOutcomes } from '../telemetry/agent-outcomes.ts';
import type { PageContext } from './handlers.ts';
import type { CallInput, Now } from './schemas.ts';

/** Maximum number of listed problems. */
const MOST = 20;

export async function readNow({ memory, noticed }: PageContext, { group }: CallInput<'now'>) {
  const { valkey, falkordb, spool, problems } = await memory.getStatus({ group, countPassages: false });
  return {
    problems: noticed.dated(problems.slice(0, MOST)),
    isWorking: valkey.ok && falkordb.ok && !problems.some(({ stopsReading }) => stopsReading),
    workers: valkey.ok ? valkey.liveWorkers.length : 0,
    jobs: valkey.ok ? jobsOf(valkey.store) : null,
    oldestWaitingMs: valkey.ok ? valkey.store.oldestWaitingMs : null,
    lastCommitAgeMs: valkey.ok ? valkey.lastCommitAgeMs : null,
    lastDeadLetter: valkey.ok ? (valkey.lastDeadLetter ?? null) : null,
    restoreTestAgeMs: valkey.ok ? (valkey.nightly.verified?.ageMs ?? null) : null,
    size: falkordb.ok
      ? { episodes: falkordb.graph.episodes, entities: falkordb.graph.entities, facts: falkordb.graph.facts }
      : null,
    spooled: spool.episodes,
    spentToday: valkey.ok ? valkey.spentToday : null,
    dailyLimit: valkey.ok ? (valkey.budget?.limit ?? null) : null,
    agents: agentWork(memory.config.home, group ?? memory.config.group),
  };
}

/** First sightings of problems whose start is not recorded, such as a server that is down. */
export interface NoticedProblems {
  dated(problems: readonly StatusProblem[]): Now['problems'];
}

/** After this time without a sighting, a problem counts as new, because it may have ended in between. */
const FORGOTTEN_AFTER_MS = 60_000;

/** @param now milliseconds since 1970 */
export function openNoticedProblems(now: () => number = Date.now): NoticedProblems {
  let seen = new Map<string, { readonly first: number; readonly last: number }>();
  return {
    dated(problems) {
      const time = now();
      const recent = [...seen].filter(([, { last }]) => time - last < FORGOTTEN_AFTER_MS);
      seen = new Map([
        ...recent,
        ...problems.map(({ message }) => [message, { first: firstOf(message, time), last: time }] as const),
      ]);
      return problems.map(({ level, message, remedy, since, stopsReading }) => {
        const first = seen.get(message)?.first ?? time;
        return {
          ...{ level, message, remedy, stopsReading, since: since?.toISOString() ?? null },
          noticedAt: new Date(first).toISOString(),
        };
      });
    },
  };

  function firstOf(message: string, time: number): number {
    const before = seen.get(message);
    return before && time - before.last < FORGOTTEN_AFTER_MS ? before.first : time;
  }
}

/** Only agents on this machine: others record their work on their own machines. */
function agentWork(home: string, group: string): Now['agents'] {
  const own = readOutcomes(home).filter((outcome) => outcome.group === group);
  const last = (work: AgentOutcome['work']) => {
    const found = own.findLast((outcome) => outcome.work === work);
    if (!found) return null;
    const { host, at, outcome, reason = null } = found;
    return { host, at: new Date(at).toISOString(), outcome, reason };
  };
  return { capture: last('capture'), recall: last('recall') };
}

export const jobsOf = ({ waiting, active, delayed, failed }: NonNullable<Now['jobs']>) => ({
  ...{ waiting, active, delayed, failed },
});
