import type { ServerStatus } from '../memory/status.ts';
import { type AgentOutcome, readOutcomes } from '../telemetry/agent-outcomes.ts';
import type { PageContext } from './handlers.ts';
import type { Checked, Now } from './schemas.ts';

/** The most workers and models that are listed. */
const MOST = 50;

export async function readNow({ memory }: PageContext, { group }: Checked<'now'>) {
  const { valkey, falkordb, spool } = await memory.getStatus({ group, countPassages: false });
  return {
    valkey: serverOf(valkey),
    falkordb: serverOf(falkordb),
    workers: valkey.ok
      ? valkey.liveWorkers.slice(0, MOST).map(({ pid, host, state, startedAt }) => ({ pid, host, state, startedAt }))
      : [],
    models: valkey.ok
      ? Object.entries(valkey.models)
          .slice(0, MOST)
          .map(([name, { breaker, failedInARow }]) => ({ name, isAvailable: breaker !== 'open', failedInARow }))
      : [],
    jobs: valkey.ok ? jobsOf(valkey.store) : null,
    oldestWaitingMs: valkey.ok ? valkey.store.oldestWaitingMs : null,
    lastCommitAgeMs: valkey.ok ? valkey.lastCommitAgeMs : null,
    lastFailure: valkey.ok ? (valkey.lastFailure ?? null) : null,
    restoreTestAgeMs: valkey.ok ? (valkey.nightly.verified?.ageMs ?? null) : null,
    size: falkordb.ok
      ? { episodes: falkordb.graph.episodes, entities: falkordb.graph.entities, facts: falkordb.graph.facts }
      : null,
    lacksChanges: falkordb.ok && falkordb.lacksChanges,
    spooled: spool.episodes,
    spentToday: valkey.ok ? valkey.spentToday : null,
    dailyLimit: valkey.ok ? (valkey.budget?.limit ?? null) : null,
    agents: agentWork(memory.config.home, group ?? memory.config.group),
  };
}

/** As far as this machine knows: agents on other machines record elsewhere. */
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

const serverOf = (server: ServerStatus<object>): Now['valkey'] =>
  server.ok
    ? { answers: true, latencyMs: server.latencyMs, error: null }
    : { answers: false, latencyMs: null, error: server.error };
