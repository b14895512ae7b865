import type { GroupGraph } from '../graph/group-graph.ts';
import { readSummaries } from '../graph/queries/entities.ts';
import { changedSummary, type NewSummary, type SummaryChange, summaryChanges } from '../ingest/summaries.ts';
import { toGraphTime } from '../time.ts';
import type { ForgottenFacts } from './facts.ts';

export interface SummaryAnew extends NewSummary {
  /** False where the same comes out again. */
  readonly isOther: boolean;
}

/**
 * Summaries of the entities that forgotten facts tell of, each made anew from the facts that stay: what a model told of it may
 * say what is forgotten.
 */
export async function summariesAnew(
  graph: GroupGraph,
  { settled, reworded }: Pick<ForgottenFacts, 'settled' | 'reworded'>,
  now: Date,
): Promise<SummaryAnew[]> {
  const changes = new Map(summaryChanges(settled, now));
  for (const { claim, before } of reworded) {
    const holds = settled.facts.some((it) => it.claim === claim && (!it.span.invalidAt || it.span.invalidAt > now));
    for (const uuid of [claim.source, claim.target]) {
      const { add, drop } = changes.get(uuid) ?? { add: [], drop: [] };
      changes.set(uuid, { add: holds ? [...add, claim.fact] : add, drop: [...drop, before] });
    }
  }
  // Also where it had ended: a model may have told of its end.
  for (const { source, target, fact } of settled.removed)
    for (const uuid of [source, target]) if (!changes.has(uuid)) changes.set(uuid, { add: [], drop: [fact] });
  return anew(graph, changes, now);
}

async function anew(graph: GroupGraph, changes: ReadonlyMap<string, SummaryChange>, now: Date): Promise<SummaryAnew[]> {
  const rows = await readSummaries(graph, [...changes.keys()], toGraphTime(now), Number.MAX_SAFE_INTEGER);
  return rows.map(({ uuid, summary, held }) => {
    const lines = held ?? [];
    const after = changedSummary(
      { summary: lines.join('\n'), held: lines },
      changes.get(uuid) ?? { add: [], drop: [] },
    );
    return { uuid, ...after, isOther: after.summary !== summary };
  });
}
