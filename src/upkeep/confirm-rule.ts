import { InvalidInputError } from '../errors.ts';
import { episodeMetadata, writeMetadata } from '../graph/queries/episodes.ts';
import { type UpkeepParts, writeUnderLease } from './write-under-lease.ts';

/** Marks a rule as confirmed by the user; from then on agents get the rule. @throws InvalidInputError when there is no such rule */
export async function markRuleConfirmed(parts: UpkeepParts, group: string, episode: string): Promise<object> {
  const graph = parts.graphs.group(group);
  const was = (await episodeMetadata(graph, [episode])).get(episode);
  const metadata = JSON.parse(was ?? 'null') as Record<string, unknown> | null;
  if (was === undefined || metadata?.kind !== 'rule')
    throw new InvalidInputError('There is no rule with this uuid to confirm.');
  if (metadata.confirmed) return {};
  const confirmed = JSON.stringify({ ...metadata, confirmed: new Date().toISOString() });
  await writeUnderLease(parts, graph, (fenced) =>
    writeMetadata(graph, { ...fenced, episode, was, metadata: confirmed }),
  );
  return {};
}
