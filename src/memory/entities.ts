import { InvalidInputError } from '../errors.ts';
import type { Attributes } from '../graph/queries/entities.ts';
import type { EntityHistoryRows } from '../search/history.ts';
import { checkText } from '../text.ts';
import type { GroupOptions } from './options.ts';
import { type TimeOptions, toCheckedGraphTime } from './query.ts';
import { nextChange, type Services } from './services.ts';

export interface EntitiesOptions extends TimeOptions {
  /** Maximum number; default: all. */
  readonly limit?: number;
  /** How many to skip at the beginning. */
  readonly offset?: number;
}

export interface Entity {
  readonly name: string;
  /** The most specific type; `Entity` where nothing more is known. */
  readonly type: string;
  readonly uuid: string;
  /** From facts that hold now, or at `asOf`. */
  readonly summary: string;
  /** The attributes of the user's own type; often none. */
  readonly attributes: Attributes;
}

/**
 * Entities sorted by name; with `knownAt` those that were known then, with `asOf` those that an episode or fact before that time mentions.
 * @throws InvalidInputError
 */
export async function getEntities(
  services: Services,
  entityType: string | undefined,
  { group: groupOption, asOf, knownAt, limit, offset = 0, cache }: EntitiesOptions,
): Promise<Entity[]> {
  const group = services.group(groupOption);
  const type = entityType === undefined ? undefined : checkText(entityType, 'The type').trim().toLowerCase();
  if (type === '') throw new InvalidInputError('The type is empty; name one, such as Person, or leave it out.');
  if (limit !== undefined) checkCount(limit, 1, 'The limit');
  checkCount(offset, 0, 'The offset');
  const times = { asOf: toCheckedGraphTime(asOf, 'asOf'), knownAt: toCheckedGraphTime(knownAt, 'knownAt') };
  const reader = await services.reader();
  return reader.read(
    group,
    { ask: 'entities', type, ...times, limit, ...(offset > 0 && { offset }) },
    async () => {
      const { findAllEntities } = await import('../search/list-entities.ts');
      const graph = (await services.graphs()).group(group);
      return findAllEntities(graph, { type, asOf, knownAt, limit, offset });
    },
    { useCache: cache, isUsable: Array.isArray, ...(!asOf && { changesAt: nextChange(services, group) }) },
  );
}

function checkCount(count: number, least: number, what: string): void {
  if (Number.isSafeInteger(count) && count >= least) return;
  throw new InvalidInputError(`${what} must be a whole number from ${least}.`);
}

export interface HistoryOptions extends GroupOptions {
  /** False: read from the graph even if the answer is cached. */
  readonly cache?: boolean;
}

/** All current and ended facts of an entity. @throws InvalidInputError */
export async function getHistory(
  services: Services,
  entity: string,
  options: HistoryOptions,
): Promise<EntityHistoryRows> {
  const group = services.group(options.group);
  const name = checkText(entity, 'The entity').trim();
  if (name === '') throw new InvalidInputError('The entity is empty; give its name or its uuid.');
  const reader = await services.reader();
  return reader.read(
    group,
    { ask: 'history', entity: name },
    async () => {
      const { historyOf } = await import('../search/history.ts');
      return historyOf((await services.graphs()).group(group), name);
    },
    {
      useCache: options.cache,
      isUsable: (kept) => Array.isArray((kept as Partial<EntityHistoryRows>).facts),
      changesAt: nextChange(services, group),
    },
  );
}
