import { InvalidInputError } from '../errors.ts';
import { episodeMetadata, writeMetadata } from '../graph/queries/episodes.ts';
import { unpinnedRules, withoutUnpinnedRules, withUnpinnedRules } from '../unpinned-rules.ts';
import { type UpkeepParts, writeUnderLease } from './write-under-lease.ts';

/** Marks a rule as confirmed by the user, also one that the user has ended; from then on agents get the rule. @throws InvalidInputError when there is no such rule */
export async function markRuleConfirmed(parts: UpkeepParts, group: string, episode: string): Promise<object> {
  const graph = parts.graphs.group(group);
  const was = (await episodeMetadata(graph, [episode])).get(episode);
  const metadata = JSON.parse(was ?? 'null') as Record<string, unknown> | null;
  if (was === undefined || metadata?.kind !== 'rule')
    throw new InvalidInputError('There is no rule with this uuid to confirm.');
  if (metadata.confirmed && unpinnedRules(was).size === 0) return {};
  const confirmed = JSON.stringify({ ...withoutUnpinnedRules(metadata), confirmed: new Date().toISOString() });
  await writeUnderLease(parts, graph, (fenced) =>
    writeMetadata(graph, { ...fenced, episode, was, metadata: confirmed }),
  );
  return {};
}

/**
 * Ends rules of an episode: later briefings leave them out, and the text stays. @param rules hashes
 * @throws InvalidInputError when the episode has no metadata, and thus no rule
 */
export async function markRulesEnded(
  parts: UpkeepParts,
  group: string,
  episode: string,
  rules: readonly string[],
): Promise<object> {
  const graph = parts.graphs.group(group);
  const was = (await episodeMetadata(graph, [episode])).get(episode);
  if (was === undefined) throw new InvalidInputError('There is no rule with this uuid to end.');
  const metadata = withUnpinnedRules(was, rules);
  if (metadata === was) return {};
  await writeUnderLease(parts, graph, (fenced) => writeMetadata(graph, { ...fenced, episode, was, metadata }));
  return {};
}
