import type { AttributeChanges, CommitChanges } from '../graph/commit-changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { readSummaries } from '../graph/queries/entities.ts';
import { type EntityLinks, readEntityLinks, readStoredMentions } from '../graph/queries/forget.ts';
import type { SagaOfEpisode } from '../graph/queries/sagas.ts';
import type { FactChanges } from '../ingest/fact-changes.ts';
import { type EntityMention, parseMentions } from '../ingest/mention-notes.ts';
import { canonicalKey } from '../ingest/name-keys.ts';
import { changedSummary, type NewSummary, type SummaryChange, summaryChanges } from '../ingest/summaries.ts';
import { toGraphTime } from '../time.ts';
import type { ForgottenFacts } from './facts.ts';

/** Changes of entities when they, or episodes that name them, are forgotten. */
export interface ForgottenEntities
  extends Pick<
    CommitChanges,
    'removedEntities' | 'labelled' | 'attributed' | 'unlabelled' | 'clearedAliases' | 'aliases'
  > {
  /** Entities whose name is in no remaining episode, with a name that is. */
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
  mentions: readonly EntityMention[],
  { removed }: FactChanges,
): Promise<ForgottenEntities> {
  const forgotten = new Set(targets.episodes);
  const targetEntities = new Set(targets.entities);
  const links = await readEntityLinks(graph, [...new Set([...targets.entities, ...named])]);
  const staying = ({ episodes }: EntityLinks) => episodes.filter((episode) => !forgotten.has(episode));
  const lost = (uuid: string) => removed.filter(({ source, target }) => source === uuid || target === uuid).length;
  const isRemoved = (entity: EntityLinks) =>
    targetEntities.has(entity.uuid) || (staying(entity).length === 0 && entity.degree === lost(entity.uuid));
  const retracted = Map.groupBy(mentions, ({ entity }) => entity);
  const remaining = links.filter(
    (entity) => !isRemoved(entity) && (retracted.has(entity.uuid) || entity.aliases.length > 0),
  );
  const rows = await readStoredMentions(graph, [...new Set(remaining.flatMap(staying))]);
  const remainingRows = rows.map(({ episode, mentions: stored }) => ({ episode, mentions: parseMentions(stored) }));
  const changes = remaining.map((entity) => {
    const namingEpisodes = new Set(staying(entity));
    const mentionsByEpisode = remainingRows
      .filter(({ episode }) => namingEpisodes.has(episode))
      .map((row) => row.mentions.filter((mention) => mention.entity === entity.uuid));
    return retractMentions(entity, retracted.get(entity.uuid) ?? [], mentionsByEpisode);
  });
  return {
    removedEntities: links.filter(isRemoved).map(({ uuid }) => ({ uuid })),
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
  entity: EntityLinks,
  retracted: readonly EntityMention[],
  mentionsByEpisode: readonly (readonly EntityMention[])[],
) {
  const { uuid } = entity;
  const remaining = mentionsByEpisode.flat();
  const keys = (some: readonly EntityMention[]) => new Set(some.map(({ name }) => canonicalKey(name)));
  const [remainingNames, retractedNames] = [keys(remaining), keys(retracted)];
  const nameKey = canonicalKey(entity.name);
  const keepsName =
    mentionsByEpisode.length === 0 ||
    remainingNames.has(nameKey) ||
    mentionsByEpisode.some((mentions) => mentions.length === 0);
  const name = keepsName ? entity.name : (remaining[0]?.name ?? entity.name);
  const isAlias = (key: string) => key !== canonicalKey(name) && (remainingNames.has(key) || !retractedNames.has(key));
  const aliases = entity.aliases.filter(({ alias }) => isAlias(canonicalKey(alias)));
  return {
    renamed: canonicalKey(name) === nameKey ? [] : [{ uuid, name }],
    ...(aliases.length < entity.aliases.length
      ? { clearedAliases: [{ uuid }], aliases: aliases.map(({ key, alias }) => ({ key, alias, entity: uuid })) }
      : { clearedAliases: [], aliases: [] }),
    ...retractType(entity, retracted, remaining),
  };
}

/** The type is the first one given, as in `resolve-entities.ts`; attributes are those of that type, the latest last. */
function retractType(
  { uuid, labels }: EntityLinks,
  retracted: readonly EntityMention[],
  remaining: readonly EntityMention[],
) {
  const storedType = labels.find((label) => label !== 'Entity');
  const isTyped = retracted.some(({ type }) => type === storedType);
  const type = isTyped ? remaining.find((mention) => mention.type !== 'Entity')?.type : storedType;
  const lost = retracted.flatMap(({ attributes = {} }) => Object.keys(attributes));
  const ownAttributes = Object.assign(
    {},
    ...remaining.filter((mention) => mention.type === (type ?? 'Entity')).map(({ attributes }) => attributes),
  ) as AttributeChanges;
  const attributes: AttributeChanges = { ...Object.fromEntries(lost.map((name) => [name, null])), ...ownAttributes };
  const isOther = type !== storedType;
  return {
    unlabelled: isOther && storedType ? [{ uuid, label: storedType }] : [],
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
  { factChanges, reworded }: Pick<ForgottenFacts, 'factChanges' | 'reworded'>,
  now: Date,
): Promise<RebuiltSummary[]> {
  const changes = new Map(summaryChanges(factChanges, now));
  for (const { claim, before } of reworded) {
    const holds = factChanges.facts.some(
      (fact) => fact.claim === claim && (!fact.interval.invalidAt || fact.interval.invalidAt > now),
    );
    for (const uuid of [claim.source, claim.target]) {
      const { add, drop } = changes.get(uuid) ?? { add: [], drop: [] };
      changes.set(uuid, { add: holds ? [...add, claim.fact] : add, drop: [...drop, before] });
    }
  }
  // Also for ended facts: a model's summary may mention the end.
  for (const { source, target, fact } of factChanges.removed)
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
  sagas: readonly SagaOfEpisode[],
  removedEpisodes: ReadonlySet<string>,
): Pick<CommitChanges, 'sagas' | 'removedSagas' | 'sagaLinks'> {
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
