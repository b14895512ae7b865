import type { Attributes, Commit } from '../graph/changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readSummaries } from '../graph/queries/entities.ts';
import { type EntityTies, readEntityTies, readToldBy } from '../graph/queries/forget.ts';
import type { SagaOf } from '../graph/queries/sagas.ts';
import { type Mention, readMentions } from '../ingest/mentions.ts';
import { sameKey } from '../ingest/names.ts';
import type { Settled } from '../ingest/settle.ts';
import { changedSummary, type NewSummary, type SummaryChange, summaryChanges } from '../ingest/summaries.ts';
import { toGraphTime } from '../time.ts';
import type { ForgottenFacts } from './facts.ts';

/** Changes of entities when they, or episodes that name them, are forgotten. */
export interface ForgottenEntities
  extends Pick<Commit, 'removedEntities' | 'labelled' | 'attributed' | 'unlabelled' | 'clearedAliases' | 'aliases'> {
  /** Entities whose name no episode uses any more, with a name that one uses. */
  readonly renamed: readonly { readonly uuid: string; readonly name: string }[];
}

/**
 * @param named entities that the episodes name
 * @param mentions the mentions of those episodes
 */
export async function forgetEntities(
  graph: GroupGraph,
  targets: { readonly episodes: readonly string[]; readonly entities: readonly string[] },
  named: readonly string[],
  mentions: readonly Mention[],
  { removed }: Settled,
): Promise<ForgottenEntities> {
  const forgotten = new Set(targets.episodes);
  const targetEntities = new Set(targets.entities);
  const ties = await readEntityTies(graph, [...new Set([...targets.entities, ...named])]);
  const staying = ({ episodes }: EntityTies) => episodes.filter((episode) => !forgotten.has(episode));
  const lost = (uuid: string) => removed.filter(({ source, target }) => source === uuid || target === uuid).length;
  const isRemoved = (it: EntityTies) =>
    targetEntities.has(it.uuid) || (staying(it).length === 0 && it.degree === lost(it.uuid));
  const retracted = Map.groupBy(mentions, ({ entity }) => entity);
  const kept = ties.filter((it) => !isRemoved(it) && (retracted.has(it.uuid) || it.aliases.length > 0));
  const rows = await readToldBy(graph, [...new Set(kept.flatMap(staying))]);
  const remainingRows = rows.map(({ episode, told }) => ({ episode, mentions: readMentions(told) }));
  const changes = kept.map((entity) => {
    const namingEpisodes = new Set(staying(entity));
    const mentionsByEpisode = remainingRows
      .filter(({ episode }) => namingEpisodes.has(episode))
      .map((row) => row.mentions.filter((mention) => mention.entity === entity.uuid));
    return retractMentions(entity, retracted.get(entity.uuid) ?? [], mentionsByEpisode);
  });
  return {
    removedEntities: ties.filter(isRemoved).map(({ uuid }) => ({ uuid })),
    renamed: changes.flatMap(({ renamed }) => renamed),
    labelled: changes.flatMap(({ labelled }) => labelled),
    attributed: changes.flatMap(({ attributed }) => attributed),
    unlabelled: changes.flatMap(({ unlabelled }) => unlabelled),
    clearedAliases: changes.flatMap(({ clearedAliases }) => clearedAliases),
    aliases: changes.flatMap(({ aliases }) => aliases),
  };
}

/**
 * Computes an entity's changes once some mentions are retracted.
 * @param mentionsByEpisode the mentions of each remaining episode that names the entity, in order of commit; an empty list means that
 *                          the episode uses the entity's name
 */
function retractMentions(
  entity: EntityTies,
  retracted: readonly Mention[],
  mentionsByEpisode: readonly (readonly Mention[])[],
) {
  const { uuid } = entity;
  const remaining = mentionsByEpisode.flat();
  const keys = (some: readonly Mention[]) => new Set(some.map(({ name }) => sameKey(name)));
  const [remainingNames, retractedNames] = [keys(remaining), keys(retracted)];
  const own = sameKey(entity.name);
  const keepsName =
    mentionsByEpisode.length === 0 ||
    remainingNames.has(own) ||
    mentionsByEpisode.some((mentions) => mentions.length === 0);
  const name = keepsName ? entity.name : (remaining[0]?.name ?? entity.name);
  const isAlias = (key: string) => key !== sameKey(name) && (remainingNames.has(key) || !retractedNames.has(key));
  const aliases = entity.aliases.filter(({ alias }) => isAlias(sameKey(alias)));
  return {
    renamed: sameKey(name) === own ? [] : [{ uuid, name }],
    ...(aliases.length < entity.aliases.length
      ? { clearedAliases: [{ uuid }], aliases: aliases.map(({ key, alias }) => ({ key, alias, entity: uuid })) }
      : { clearedAliases: [], aliases: [] }),
    ...retractType(entity, retracted, remaining),
  };
}

/** The type is the first one given, as in `resolve-entities.ts`; attributes are those of that type, the latest last. */
function retractType({ uuid, labels }: EntityTies, retracted: readonly Mention[], remaining: readonly Mention[]) {
  const known = labels.find((label) => label !== 'Entity');
  const isTyped = retracted.some(({ type }) => type === known);
  const type = isTyped ? remaining.find((it) => it.type !== 'Entity')?.type : known;
  const lost = retracted.flatMap(({ attributes = {} }) => Object.keys(attributes));
  const ownAttributes = Object.assign(
    {},
    ...remaining.filter((it) => it.type === (type ?? 'Entity')).map(({ attributes }) => attributes),
  ) as Attributes;
  const attributes: Attributes = { ...Object.fromEntries(lost.map((name) => [name, null])), ...ownAttributes };
  const isOther = type !== known;
  return {
    unlabelled: isOther && known ? [{ uuid, label: known }] : [],
    labelled: isOther && type ? [{ uuid, label: type }] : [],
    attributed: lost.length > 0 || isOther ? [{ uuid, attributes }] : [],
  };
}

export interface RebuiltSummary extends NewSummary {
  /** False when the summary stays the same. */
  readonly isChanged: boolean;
}

/**
 * Rebuilds the summaries of entities of forgotten facts from the facts that stay, since a model's summary may state what is forgotten.
 */
export async function rebuildSummaries(
  graph: GroupGraph,
  { settled, reworded }: Pick<ForgottenFacts, 'settled' | 'reworded'>,
  now: Date,
): Promise<RebuiltSummary[]> {
  const changes = new Map(summaryChanges(settled, now));
  for (const { claim, before } of reworded) {
    const holds = settled.facts.some((it) => it.claim === claim && (!it.span.invalidAt || it.span.invalidAt > now));
    for (const uuid of [claim.source, claim.target]) {
      const { add, drop } = changes.get(uuid) ?? { add: [], drop: [] };
      changes.set(uuid, { add: holds ? [...add, claim.fact] : add, drop: [...drop, before] });
    }
  }
  // Also for ended facts: a model's summary may mention the end.
  for (const { source, target, fact } of settled.removed)
    for (const uuid of [source, target]) if (!changes.has(uuid)) changes.set(uuid, { add: [], drop: [fact] });
  return summarize(graph, changes, now);
}

async function summarize(
  graph: GroupGraph,
  changes: ReadonlyMap<string, SummaryChange>,
  now: Date,
): Promise<RebuiltSummary[]> {
  const rows = await readSummaries(graph, [...changes.keys()], toGraphTime(now), Number.MAX_SAFE_INTEGER);
  return rows.map(({ uuid, summary, held }) => {
    const lines = held ?? [];
    const after = changedSummary(
      { summary: lines.join('\n'), held: lines },
      changes.get(uuid) ?? { add: [], drop: [] },
    );
    return { uuid, ...after, isChanged: after.summary !== summary };
  });
}

/** Sagas after some episodes are removed: neighbours are linked, and empty sagas are removed. */
export function shortenSagas(
  sagas: readonly SagaOf[],
  removedEpisodes: ReadonlySet<string>,
): Pick<Commit, 'sagas' | 'removedSagas' | 'sagaLinks'> {
  const left = sagas.map(({ uuid, chain }) => ({
    uuid,
    chain,
    rest: chain.filter((episode) => !removedEpisodes.has(episode)),
  }));
  return {
    removedSagas: left.filter(({ rest }) => rest.length === 0).map(({ uuid }) => ({ uuid })),
    sagas: left
      .filter(({ rest }) => rest.length > 0)
      .map(({ uuid, rest }) => ({ uuid, first: rest[0] ?? '', last: rest.at(-1) ?? '' })),
    sagaLinks: left.flatMap(({ chain, rest }) => gapsOf(chain, rest)),
  };
}

/** Pairs of episodes that are new neighbours. */
function gapsOf(chain: readonly string[], rest: readonly string[]) {
  const before = new Map(chain.map((uuid, place) => [uuid, chain[place + 1]]));
  return rest.slice(0, -1).flatMap((a, place) => {
    const b = rest[place + 1] ?? '';
    return before.get(a) === b ? [] : [{ a, b }];
  });
}
