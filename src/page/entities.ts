import { InvalidInputError } from '../errors.ts';
import type { Entity } from '../memory/reads/entities.ts';
import type { MemoryManager } from '../memory.ts';
import { factOf } from './fact.ts';
import type { PageContext } from './handlers.ts';
import { readRules } from './rules.ts';
import { type CallInput, LIMITS } from './schemas.ts';
import { sourceOf } from './source.ts';

/** Searches by words only, so that typing a name loads no model. */
const BY_NAME = { entities: { methods: ['words'], ranker: 'rrf' } } as const;

export async function readEntities(
  { memory }: PageContext,
  { group, type, query, order, offset, limit }: CallInput<'entities'>,
) {
  if (query !== undefined) return findEntities(memory, query, { group, type, limit });
  // One more row than is shown, to know whether there are more.
  const entities = await memory.getEntities(type, { group, order, limit: limit + 1, offset });
  return { entities: entities.slice(0, limit).map(row), isCut: entities.length > limit };
}

/** Entities with similar names come first, then entities whose summary contains the words. */
async function findEntities(
  memory: MemoryManager,
  query: string,
  { group, type, limit }: Pick<CallInput<'entities'>, 'group' | 'type' | 'limit'>,
) {
  const most = Math.min(limit, 100);
  const filters = type === undefined ? undefined : { types: [type] };
  const [similar, { entities = [] }] = await Promise.all([
    memory.suggestEntities(query, { group, limit: most }),
    memory.search(query, most, { group, recipe: BY_NAME, filters }),
  ]);
  const ofType = similar.filter((entity) => type === undefined || entity.type.toLowerCase() === type.toLowerCase());
  const known = new Map(entities.map((entity) => [entity.uuid, entity]));
  const named = ofType.map((entity) => known.get(entity.uuid) ?? { ...entity, summary: '' });
  const shown = new Set(named.map(({ uuid }) => uuid));
  const found = [...named, ...entities.filter(({ uuid }) => !shown.has(uuid))].slice(0, most);
  return { entities: found.map(row), isCut: found.length === most };
}

/** Entities that match the text typed so far. */
export async function readSuggestions({ memory }: PageContext, { group, typed }: CallInput<'suggestions'>) {
  return { entities: await memory.suggestEntities(typed, { group, limit: LIMITS.suggestions }) };
}

/** @throws InvalidInputError when no entity has that name or uuid */
export async function readEntity({ memory }: PageContext, { group, entity }: CallInput<'entity'>) {
  const [{ entities, facts }, rules] = await Promise.all([
    memory.getHistory(entity, { group }),
    readRules(memory, group),
  ]);
  const found = entities.find(({ uuid }) => uuid === entity) ?? entities[0];
  if (!found) throw new InvalidInputError(`There is no entity "${entity.slice(0, 80)}" in this memory.`);
  const own = facts.filter(({ sourceUuid, targetUuid }) => sourceUuid === found.uuid || targetUuid === found.uuid);
  const { aliases, episodes, count } = await memory.getMentions(found.uuid, { group, limit: LIMITS.sources });
  return {
    entity: { uuid: found.uuid, name: found.name, type: found.type, summary: found.summary },
    facts: own.slice(0, LIMITS.facts).map((fact) => factOf(fact, rules)),
    isCut: own.length > LIMITS.facts,
    aliases,
    episodes: episodes.map(sourceOf),
    mentions: count,
  };
}

type Listed = Pick<Entity, 'uuid' | 'name' | 'type' | 'summary' | 'factCount' | 'lastMentioned'>;

const row = ({ uuid, name, type, summary, factCount, lastMentioned }: Listed) => ({
  ...{ uuid, name, type, summary, facts: factCount ?? null, lastMentioned: lastMentioned ?? null },
});
