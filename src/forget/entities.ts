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

/** What becomes of entities when episodes that name them are forgotten, or they themselves. */
export interface ForgottenEntities
  extends Pick<Commit, 'removedEntities' | 'labelled' | 'attributed' | 'unlabelled' | 'clearedAliases' | 'aliases'> {
  /** Those that nobody calls by their name any more, with another that somebody does. */
  readonly renamed: readonly { readonly uuid: string; readonly name: string }[];
}

/**
 * @param named entities that the episodes name
 * @param told what those episodes tell of entities
 */
export async function forgetEntities(
  graph: GroupGraph,
  wanted: { readonly episodes: readonly string[]; readonly entities: readonly string[] },
  named: readonly string[],
  told: readonly Mention[],
  { removed }: Settled,
): Promise<ForgottenEntities> {
  const forgotten = new Set(wanted.episodes);
  const meant = new Set(wanted.entities);
  const ties = await readEntityTies(graph, [...new Set([...wanted.entities, ...named])]);
  const staying = ({ episodes }: EntityTies) => episodes.filter((episode) => !forgotten.has(episode));
  const lost = (uuid: string) => removed.filter(({ source, target }) => source === uuid || target === uuid).length;
  const isGone = (it: EntityTies) => meant.has(it.uuid) || (staying(it).length === 0 && it.degree === lost(it.uuid));
  const unsaid = Map.groupBy(told, ({ entity }) => entity);
  const kept = ties.filter((it) => !isGone(it) && (unsaid.has(it.uuid) || it.aliases.length > 0));
  const rows = await readToldBy(graph, [...new Set(kept.flatMap(staying))]);
  const still = rows.map(({ episode, told }) => ({ episode, told: readMentions(told) }));
  const changes = kept.map((it) => {
    const own = new Set(staying(it));
    const tellers = still
      .filter(({ episode }) => own.has(episode))
      .map(({ told }) => told.filter(({ entity }) => entity === it.uuid));
    return unsay(it, unsaid.get(it.uuid) ?? [], tellers);
  });
  return {
    removedEntities: ties.filter(isGone).map(({ uuid }) => ({ uuid })),
    renamed: changes.flatMap(({ renamed }) => renamed),
    labelled: changes.flatMap(({ labelled }) => labelled),
    attributed: changes.flatMap(({ attributed }) => attributed),
    unlabelled: changes.flatMap(({ unlabelled }) => unlabelled),
    clearedAliases: changes.flatMap(({ clearedAliases }) => clearedAliases),
    aliases: changes.flatMap(({ aliases }) => aliases),
  };
}

/**
 * What of an entity has to change that was told differently.
 * @param tellers what each episode tells of it that still names it, in the order in which they were committed; one that tells
 *                nothing calls it by its name
 */
function unsay(entity: EntityTies, unsaid: readonly Mention[], tellers: readonly (readonly Mention[])[]) {
  const { uuid } = entity;
  const said = tellers.flat();
  const keys = (some: readonly Mention[]) => new Set(some.map(({ name }) => sameKey(name)));
  const [stillSaid, saidNoMore] = [keys(said), keys(unsaid)];
  const own = sameKey(entity.name);
  const isCalledSo = tellers.length === 0 || stillSaid.has(own) || tellers.some((told) => told.length === 0);
  const name = isCalledSo ? entity.name : (said[0]?.name ?? entity.name);
  const isAlias = (key: string) => key !== sameKey(name) && (stillSaid.has(key) || !saidNoMore.has(key));
  const aliases = entity.aliases.filter(({ alias }) => isAlias(sameKey(alias)));
  return {
    renamed: sameKey(name) === own ? [] : [{ uuid, name }],
    ...(aliases.length < entity.aliases.length
      ? { clearedAliases: [{ uuid }], aliases: aliases.map(({ key, alias }) => ({ key, alias, entity: uuid })) }
      : { clearedAliases: [], aliases: [] }),
    ...untype(entity, unsaid, said),
  };
}

/** The type is the first that is told, as in `resolve-entities.ts`; attributes are those of that type, the latest last. */
function untype({ uuid, labels }: EntityTies, unsaid: readonly Mention[], said: readonly Mention[]) {
  const known = labels.find((label) => label !== 'Entity');
  const isTyped = unsaid.some(({ type }) => type === known);
  const type = isTyped ? said.find((it) => it.type !== 'Entity')?.type : known;
  const lost = unsaid.flatMap(({ attributes = {} }) => Object.keys(attributes));
  const told = Object.assign(
    {},
    ...said.filter((it) => it.type === (type ?? 'Entity')).map(({ attributes }) => attributes),
  ) as Attributes;
  const attributes: Attributes = { ...Object.fromEntries(lost.map((name) => [name, null])), ...told };
  const isOther = type !== known;
  return {
    unlabelled: isOther && known ? [{ uuid, label: known }] : [],
    labelled: isOther && type ? [{ uuid, label: type }] : [],
    attributed: lost.length > 0 || isOther ? [{ uuid, attributes }] : [],
  };
}

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

/** What becomes of chains when some of their episodes go: they close over the gaps, and one that is empty goes too. */
export function shorten(
  sagas: readonly SagaOf[],
  gone: ReadonlySet<string>,
): Pick<Commit, 'sagas' | 'removedSagas' | 'sagaLinks'> {
  const left = sagas.map(({ uuid, chain }) => ({ uuid, chain, rest: chain.filter((episode) => !gone.has(episode)) }));
  return {
    removedSagas: left.filter(({ rest }) => rest.length === 0).map(({ uuid }) => ({ uuid })),
    sagas: left
      .filter(({ rest }) => rest.length > 0)
      .map(({ uuid, rest }) => ({ uuid, first: rest[0] ?? '', last: rest.at(-1) ?? '' })),
    sagaLinks: left.flatMap(({ chain, rest }) => gapsOf(chain, rest)),
  };
}

/** Pairs of episodes that follow each other now and did not before. */
function gapsOf(chain: readonly string[], rest: readonly string[]) {
  const before = new Map(chain.map((uuid, place) => [uuid, chain[place + 1]]));
  return rest.slice(0, -1).flatMap((a, place) => {
    const b = rest[place + 1] ?? '';
    return before.get(a) === b ? [] : [{ a, b }];
  });
}
