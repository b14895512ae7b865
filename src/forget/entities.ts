import type { Attributes, Commit } from '../graph/changes.ts';
import type { GroupGraph } from '../graph/group-graph.ts';
import { type EntityTies, readEntityTies, readToldBy } from '../graph/queries/forget.ts';
import { sameKey } from '../ingest/names.ts';
import type { Settled } from '../ingest/settle.ts';
import { readTold, type Told } from '../ingest/told.ts';

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
  told: readonly Told[],
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
  const still = rows.map(({ episode, told }) => ({ episode, told: readTold(told) }));
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
function unsay(entity: EntityTies, unsaid: readonly Told[], tellers: readonly (readonly Told[])[]) {
  const { uuid } = entity;
  const said = tellers.flat();
  const keys = (some: readonly Told[]) => new Set(some.map(({ name }) => sameKey(name)));
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
function untype({ uuid, labels }: EntityTies, unsaid: readonly Told[], said: readonly Told[]) {
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
