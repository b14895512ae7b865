import { InvalidInputError } from '../errors.ts';
import type { PageContext } from './handlers.ts';
import { type Checked, LIMITS } from './schemas.ts';
import { sourceOf } from './source.ts';

/** Searches by words only, so that typing a name loads no model. */
const BY_NAME = { entities: { methods: ['words'], ranker: 'rrf' } } as const;

export async function readEntities(
  { memory }: PageContext,
  { group, type, query, offset, limit }: Checked<'entities'>,
) {
  if (query !== undefined) {
    const filters = type === undefined ? undefined : { types: [type] };
    const most = Math.min(limit, 100);
    const { entities = [] } = await memory.search(query, most, { group, recipe: BY_NAME, filters });
    return { entities: entities.map(row), isCut: entities.length === most };
  }
  // One more row than is shown, to know whether there are more.
  const entities = await memory.getEntities(type, { group, limit: limit + 1, offset });
  return { entities: entities.slice(0, limit).map(row), isCut: entities.length > limit };
}

/** @throws InvalidInputError when there is none of that name or uuid */
export async function readEntity({ memory }: PageContext, { group, entity }: Checked<'entity'>) {
  const { entities, facts } = await memory.getHistory(entity, { group });
  const found = entities.find(({ uuid }) => uuid === entity) ?? entities[0];
  if (!found) throw new InvalidInputError(`There is no entity "${entity.slice(0, 80)}" in this memory.`);
  const own = facts.filter(({ sourceUuid, targetUuid }) => sourceUuid === found.uuid || targetUuid === found.uuid);
  const { aliases, episodes, count } = await memory.getMentions(found.uuid, { group, limit: LIMITS.sources });
  return {
    entity: row(found),
    facts: own.slice(0, LIMITS.facts).map((fact) => ({ ...fact, episodes: fact.episodes.slice(0, LIMITS.sources) })),
    isCut: own.length > LIMITS.facts,
    aliases,
    episodes: episodes.map(sourceOf),
    mentions: count,
  };
}

const row = ({ uuid, name, type, summary }: { uuid: string; name: string; type: string; summary: string }) => ({
  uuid,
  name,
  type,
  summary,
});
